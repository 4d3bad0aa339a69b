"""Fine-tunes AstroMAE as published: encoder frozen, everything else trained to predict redshift.

    python training/finetune.py --drawn data/drawn --real data/real --out training/runs/demo --stage magnitudes --minutes 20
    python training/finetune.py --drawn data/drawn --real data/real --out training/runs/demo --stage all --minutes 45

Stage `magnitudes` trains the magnitude branch and the fusion alone, which is ten times cheaper than the whole; it needs no
encoder and can run beside pretraining. Stage `all` needs pretrain.pt in --out and starts from the first stage's result, if
any. The frozen encoder's features are computed once and kept beside it. --real holds partitions
rendered from rows 1 to 8,000 of the real catalogue, over and over in order; rows 7,001 to 8,000 are for validation only.
Continues from its own checkpoint when there is one; --minutes counts all of them together.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from astromae_model import ViT_Astro
from metrics import describe, redshift_metrics
from survey_data import Survey, load_survey, turned

REAL_ROWS, REAL_TRAINING_ROWS = 8_000, 7_000
# Redshifts are learnt as (z - MIDDLE) / SPREAD; folded into the last layer at export.
MIDDLE, SPREAD = 0.11, 0.06


def magnitude_transform(magnitudes: Tensor) -> tuple[Tensor, Tensor]:
    """(matrix [5, 5], centre [5]) that take magnitudes to colours and r of zero mean and unit spread."""
    colours = torch.eye(5, dtype=torch.float64) - torch.diag(torch.ones(4, dtype=torch.float64), 1)
    colours[4] = torch.tensor([0, 0, 1, 0, 0], dtype=torch.float64)
    centre = magnitudes.mean(0)
    features = (magnitudes - centre) @ colours.T
    spread = (features.quantile(0.84, 0) - features.quantile(0.16, 0)) / 2
    return colours / spread[:, None], centre


@torch.no_grad()
def encoder_features(model: ViT_Astro, images: Tensor, what: str) -> Tensor:
    """Mean patch token [N, D] of the frozen encoder, float32."""
    answer, begun = [], time.time()
    for start in range(0, len(images), 256):
        with torch.autocast("cpu", torch.bfloat16):
            answer.append(model.tokens(images[start : start + 256].float())[:, 1:].float().mean(1))
        if start % 12_800 == 0:
            print(f"features of {what}: {start} of {len(images)}, {time.time() - begun:.0f} s", flush=True)
    return torch.cat(answer)


def forward(model: ViT_Astro, features: Tensor | None, pooled: Tensor | None, magnitudes: Tensor) -> Tensor:
    """The network behind the frozen encoder; None leaves a branch out. pooled: images halved by averaging, which commutes
    with the inception branch's first (1 x 1) convolution and makes it four times cheaper."""
    mix, fusion = model.inception_model, model.concat_block[0]
    with torch.autocast("cpu", torch.bfloat16, enabled=model.training):
        measured = mix.magnitude_block(magnitudes)
        if features is None or pooled is None:
            # The magnitudes' columns of the fusion layer are the last ones.
            fused = F.linear(measured, fusion.weight[:, -measured.shape[1] :], fusion.bias)
        else:
            encoded = model.vit_block(model.head(model.fc_norm(features)))
            seen = mix.vis_inception[0](pooled)
            for layer in mix.vis_inception[2:]:
                seen = layer(seen)
            fused = fusion(torch.cat((encoded, seen, measured), 1))
        fused = model.concat_block[1](fused)
    return model.concat_block[-1](fused.float())[:, 0]


class Samples:
    """What fine-tuning reads of a survey: encoder features, pooled images, transformed magnitudes, redshift."""

    def __init__(self, survey: Survey, features: Tensor | None, transform: tuple[Tensor, Tensor]):
        matrix, centre = transform
        self.features = features
        self.pooled = None
        if features is not None:
            self.pooled = torch.cat([F.avg_pool2d(part.float(), 2).half() for part in survey.images.split(4096)])
        self.magnitudes = ((survey.magnitudes - centre) @ matrix.T).float()
        self.redshift = survey.redshift.float()

    def inputs(self, rows) -> tuple[Tensor | None, Tensor | None, Tensor]:
        if self.features is None or self.pooled is None:
            return None, None, self.magnitudes[rows]
        return self.features[rows], self.pooled[rows].float(), self.magnitudes[rows]

    def rows(self, rows) -> "Samples":
        part = copy.copy(self)
        for name, value in vars(self).items():
            setattr(part, name, None if value is None else value[rows])
        return part

    @torch.no_grad()
    def predict(self, model: ViT_Astro) -> Tensor:
        model.eval()
        rows = torch.arange(len(self.redshift)).split(512)
        return torch.cat([forward(model, *self.inputs(part)) for part in rows]) * SPREAD + MIDDLE


def load_features(model: ViT_Astro, survey: Survey, path: Path, step: int) -> Tensor:
    if path.exists():
        saved = torch.load(path, weights_only=True)
        if saved["step"] == step and len(saved["features"]) == len(survey):
            return saved["features"]
    features = encoder_features(model, survey.images, path.stem)
    torch.save({"step": step, "features": features}, path)
    return features


def load_encoder(model: ViT_Astro, path: Path) -> int:
    """Takes the encoder from a pretraining checkpoint; answers its step."""
    saved = torch.load(path, weights_only=True)
    encoder = {name.removeprefix("encoder."): value for name, value in saved["model"].items() if name.startswith("encoder.")}
    names = ("cls_token", "pos_embed", "patch_embed.", "blocks.")
    model.load_state_dict({n: v for n, v in encoder.items() if n.startswith(names)}, strict=False)
    return saved["step"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawn", type=Path, required=True)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--drawn-limit", type=int)
    parser.add_argument("--real-limit", type=int)
    parser.add_argument("--validation", type=int, default=3000, help="drawn galaxies, the last ones, kept for validation")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--stage", choices=["magnitudes", "all"], required=True)
    parser.add_argument("--real-share", type=float, default=0.08, help="part of every batch that is real photometry")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=7e-4)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    model = ViT_Astro()
    drawn = load_survey(options.drawn, options.drawn_limit)
    real = load_survey(options.real, options.real_limit)
    transform = magnitude_transform(drawn.magnitudes)
    drawn_features = real_features = None
    if options.stage == "all":
        warm = options.out / "magnitudes.pt"
        if warm.exists():
            model.load_state_dict(torch.load(warm, weights_only=True)["average"])
        step = load_encoder(model, options.out / "pretrain.pt")
        model.eval()
        real_features = load_features(model, real, options.out / "features-real.pt", step)
        drawn_features = load_features(model, drawn, options.out / "features-drawn.pt", step)
    drawn_samples = Samples(drawn, drawn_features, transform)
    real_samples = Samples(real, real_features, transform)
    del drawn, real
    split = len(drawn_samples.redshift) - options.validation
    in_training = torch.arange(len(real_samples.redshift)) % REAL_ROWS < REAL_TRAINING_ROWS
    training = drawn_samples.rows(slice(0, split)), real_samples.rows(in_training)
    validation = drawn_samples.rows(slice(split, None)), real_samples.rows(~in_training)
    print(f"{[len(part.redshift) for part in training]} galaxies to train on, {options}", flush=True)
    train(model, training, validation, transform, options)


def draw_batch(training: tuple[Samples, Samples], options, generator: torch.Generator):
    """Mostly drawn galaxies: the real ones are few and would be learnt by heart."""
    parts = []
    real = int(options.batch * options.real_share)
    for samples, count in zip(training, (options.batch - real, real)):
        rows = torch.randint(len(samples.redshift), (count,), generator=generator)
        parts.append((*samples.inputs(rows), samples.redshift[rows]))
    features, pooled, magnitudes, redshift = (None if a is None else torch.cat((a, b)) for a, b in zip(*parts))
    if pooled is not None:
        pooled = turned(pooled, generator).contiguous(memory_format=torch.channels_last)
    return features, pooled, magnitudes, (redshift - MIDDLE) / SPREAD


def train(model: ViT_Astro, training, validation, transform, options) -> None:
    trained = [p for p in model.parameters() if p.requires_grad]
    if options.stage == "magnitudes":
        trained = [*model.inception_model.magnitude_block.parameters(), *model.concat_block.parameters()]
    optimizer = torch.optim.AdamW(trained, lr=options.rate, weight_decay=0.02)
    average = copy.deepcopy(model)
    path = options.out / ("magnitudes.pt" if options.stage == "magnitudes" else "finetune.pt")
    step, spent, best = 0, 0.0, math.inf
    if path.exists():
        saved = torch.load(path, weights_only=True)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        step, spent, best = saved["step"], saved["minutes"], saved["best"]
        print(f"continues at step {step}, {spent:.1f} minutes", flush=True)
    generator = torch.Generator().manual_seed(options.seed + step)
    begun, first, losses = time.time(), step, []
    looked = saved_at = begun
    gone = 0.0
    while gone < 1:
        minutes = spent + (time.time() - begun) / 60
        gone = min(1.0, minutes / options.minutes)
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * gone)))
        model.train()
        *inputs, target = draw_batch(training, options, generator)
        # Huber: between the mean, which R2 rewards, and the median, which MAE and NMAD reward.
        loss = F.smooth_l1_loss(forward(model, *inputs), target, beta=0.5)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        follow(average, model, min(0.999, (step + 1) / (step + 10)))
        losses.append(float(loss.detach()))
        step += 1
        if gone >= 1 or time.time() - looked > 120:
            scores = [redshift_metrics(part.predict(average), part.redshift) for part in validation]
            rate = (step - first) * options.batch / (time.time() - begun)
            recent = losses[-300:]
            print(
                f"{minutes:.1f} min step {step} loss {sum(recent) / len(recent):.5f} {rate:.0f}/s"
                f" | drawn {describe(scores[0])} | real {describe(scores[1])}",
                flush=True,
            )
            looked = time.time()
            score = 2 - scores[0]["R2"] - scores[1]["R2"]
            if options.stage == "all" and score < best:
                best = score
                torch.save({"model": average.state_dict(), "transform": transform, "step": step, "scores": scores}, options.out / "best.pt")
        if gone >= 1 or time.time() - saved_at > 240:
            state = {"model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "step": step, "minutes": minutes, "best": best}, path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
            saved_at = time.time()


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Exponential moving average of the trained parameters; statistics of batch normalization are copied."""
    pairs = [(a, b) for a, b in zip(average.parameters(), model.parameters()) if b.requires_grad]
    torch._foreach_lerp_([a for a, _ in pairs], [b.detach() for _, b in pairs], 1 - decay)
    for a, b in zip(average.inception_model.buffers(), model.inception_model.buffers()):
        a.copy_(b)


if __name__ == "__main__":
    main()
