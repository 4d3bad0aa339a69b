"""Masked-autoencoder pretraining of the AstroMAE encoder on simulated galaxies.

    python training/pretrain.py --data data/drawn data/real --out training/runs/demo --minutes 30

12 of 16 patches are hidden; the encoder sees the other four, a small decoder paints the hidden ones (He et al. 2022). Stops
after --minutes or --epochs, whichever is first, and continues from its own checkpoint when there is one.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from astromae_model import AstroMaeConfig, Block, ViT_Astro
from survey_data import IMAGE_SCALE, join, load_survey, turned

VISIBLE = 4
DECODER = AstroMaeConfig(embedding=128, depth=1, heads=4, pcm=False)
# Sky noise per pixel in nanomaggies, u to z; the unit of the targets.
SKY_SIGMA = torch.tensor([0.091, 0.030, 0.036, 0.056, 0.216])


class MaskedAutoencoder(nn.Module):
    def __init__(self, encoder: ViT_Astro):
        super().__init__()
        self.encoder = encoder
        width, patches = DECODER.embedding, encoder.pos_embed.shape[1] - 1
        self.norm = nn.LayerNorm(encoder.embed_dim, eps=1e-6)
        self.embed = nn.Linear(encoder.embed_dim, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + patches, width) * 0.02)
        self.blocks = nn.ModuleList(Block(DECODER) for _ in range(DECODER.depth))
        self.out_norm = nn.LayerNorm(width, eps=1e-6)
        self.paint = nn.Linear(width, 8 * 8 * 5)

    def forward(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error over the hidden patches. images: [B, 5, 32, 32], scaled."""
        encoder, batch = self.encoder, len(images)
        patches = encoder.patch_embed(images) + encoder.pos_embed[:, 1:]
        count = patches.shape[1]
        order = torch.rand(batch, count, generator=generator).argsort(1)
        seen, hidden = order[:, :VISIBLE], order[:, VISIBLE:]
        tokens = patches.gather(1, seen[..., None].expand(-1, -1, patches.shape[2]))
        class_token = (encoder.cls_token + encoder.pos_embed[:, :1]).expand(batch, -1, -1)
        # Four visible tokens form a 2 x 2 grid; with kernel 1 the cells' convolutions don't look at places.
        tokens = torch.cat((class_token, tokens), 1)
        for block in encoder.blocks:
            tokens = block(tokens)
        tokens = self.embed(self.norm(tokens))
        blank = self.mask_token.expand(batch, count - VISIBLE, -1).to(tokens.dtype)
        shuffled = torch.cat((tokens[:, 1:], blank), 1)
        back = order.argsort(1)[..., None].expand(-1, -1, shuffled.shape[2])
        decoded = torch.cat((tokens[:, :1], shuffled.gather(1, back)), 1) + self.pos_embed
        for block in self.blocks:
            decoded = block(decoded)
        painted = self.paint(self.out_norm(decoded[:, 1:])).float()
        error = (painted - patch_targets(images)) ** 2
        return error.mean(2).gather(1, hidden).mean()


def patch_targets(images: Tensor) -> Tensor:
    """[B, 16, 320]: arcsinh of pixels in units of three sky sigmas, so that faint outskirts and bright cores both count."""
    scale = (IMAGE_SCALE / (3 * SKY_SIGMA)).view(5, 1, 1)
    stretched = torch.asinh(images.float() * scale)
    blocks = stretched.unfold(2, 8, 8).unfold(3, 8, 8)
    return blocks.permute(0, 2, 3, 1, 4, 5).reshape(len(images), 16, 320)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of partitions")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="galaxies of each folder")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    survey = load_survey(options.data[0], options.limit)
    for folder in options.data[1:]:
        survey = join(survey, load_survey(folder, options.limit))
    images = survey.images
    print(f"{len(images)} galaxies, {options}", flush=True)

    model = MaskedAutoencoder(ViT_Astro(frozen_encoder=False)).to(options.device)
    trained = [p for n, p in model.named_parameters() if n.startswith("encoder.") is False]
    trained += model.encoder.encoder_parameters()
    optimizer = torch.optim.AdamW(trained, lr=options.rate, betas=(0.9, 0.95), weight_decay=0.05)
    steps = options.epochs * (len(images) // options.batch)
    path = options.out / "pretrain.pt"
    step = 0
    if path.exists():
        saved = torch.load(path, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step = saved["step"]
        print(f"continues at step {step}", flush=True)
    generator = torch.Generator().manual_seed(options.seed + step)
    begun = last = time.time()
    first, losses = step, []

    def save() -> None:
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)

    while step < steps:
        # Progress in the schedule: the part of the steps or of the time that is gone, whichever is larger.
        elapsed = (time.time() - begun) / 60
        gone = max(step / steps, elapsed / options.minutes)
        if gone >= 1:
            break
        warm = min(1, (step + 1) / 300)
        for group in optimizer.param_groups:
            group["lr"] = options.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * gone)))
        rows = torch.randint(len(images), (options.batch,), generator=generator)
        batch = turned(images[rows].float(), generator).to(options.device)
        with torch.autocast(batch.device.type, torch.bfloat16):
            loss = model(batch, generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        step += 1
        if step % 50 == 0:
            rate = (step - first) * options.batch / (time.time() - begun)
            print(f"step {step} loss {sum(losses[-50:]) / 50:.5f} {rate:.0f} galaxies/s {elapsed:.1f} min", flush=True)
        if time.time() - last > 240:
            save()
            last = time.time()
    save()
    print(f"pretrained: {step} steps, loss {sum(losses[-300:]) / max(1, len(losses[-300:])):.5f}", flush=True)


if __name__ == "__main__":
    main()
