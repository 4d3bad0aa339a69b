"""Fine-tunes AstroMAE as published: encoder frozen, everything else trained to predict redshift. Three stages:

    python training/finetune.py --stage prepare --drawn data/drawn --real data/real --out training/runs/demo
    python training/finetune.py --stage magnitudes --out training/runs/demo --minutes 18 --batch 512
    python training/finetune.py --stage all --out training/runs/demo --minutes 50

`prepare` needs pretrain.pt in --out; it computes the frozen encoder's features once. `magnitudes` trains the magnitude branch and
the fusion alone, which is several times cheaper than the whole. `all` trains every branch, from the second stage's result if any.

--real holds partitions rendered from rows 1 to 8,000 of the real catalogue, over and over in order; rows 7,001 to 8,000 are for
validation only. The last two stages continue from their own checkpoints; --minutes counts all runs of a stage together.

Several processes train one network when started with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT (torchrun does that): each
takes steps of its own, and every ROUND steps their weights are averaged (local SGD, Stich 2019). That suits busy CPUs, since
processes wait for each other only then.
"""

from __future__ import annotations

import argparse
import copy
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from astromae_model import ViT_Astro
from metrics import describe, redshift_metrics
from survey_data import load_survey, turned
from trained_ranges import Ranges, trained_ranges

REAL_ROWS, REAL_TRAINING_ROWS = 8_000, 7_000
ROUND = 20
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


def forward(
    model: ViT_Astro, features: Tensor | None, pooled: Tensor | None, magnitudes: Tensor, dropout: float = 0
) -> Tensor:
    """The network behind the frozen encoder; None leaves a branch out. pooled: images halved by averaging, which commutes
    with the inception branch's first (1 x 1) convolution and makes it four times cheaper. dropout: before the fusion."""
    mix, fusion = model.inception_model, model.concat_block[0]
    with torch.autocast("cpu", torch.bfloat16):
        measured = mix.magnitude_block(magnitudes)
        if features is None or pooled is None:
            # The magnitudes' columns of the fusion layer are the last ones.
            fused = F.linear(measured, fusion.weight[:, -measured.shape[1] :], fusion.bias)
        else:
            encoded = model.vit_block(model.head(model.fc_norm(features)))
            seen = mix.vis_inception[0](pooled)
            for layer in mix.vis_inception[2:]:
                seen = layer(seen)
            fused = fusion(F.dropout(torch.cat((encoded, seen, measured), 1), dropout))
        fused = model.concat_block[1](fused)
    return model.concat_block[-1](fused.float())[:, 0]


@dataclass
class Samples:
    """What fine-tuning reads of a survey: encoder features [N, D], pooled images [N, 5, 16, 16] (halved by averaging), colours
    and r [N, 5], redshift [N]. Features and images are None in the stage that trains the magnitude branch."""

    features: Tensor | None
    pooled: Tensor | None
    magnitudes: Tensor
    redshift: Tensor

    def __len__(self) -> int:
        return len(self.redshift)

    def inputs(self, rows) -> tuple[Tensor | None, Tensor | None, Tensor]:
        if self.features is None or self.pooled is None:
            return None, None, self.magnitudes[rows]
        return self.features[rows], self.pooled[rows].float(), self.magnitudes[rows]

    @torch.no_grad()
    def predict(self, model: ViT_Astro, rows: Tensor) -> tuple[Tensor, Tensor]:
        """(predicted, true) redshifts of some rows."""
        model.eval()
        predicted = torch.cat([forward(model, *self.inputs(part)) for part in rows.split(512)])
        return predicted * SPREAD + MIDDLE, self.redshift[rows]


def prepare(folder: Path, limit: int | None, model: ViT_Astro, path: Path) -> None:
    """Writes all that doesn't change while the network is fine-tuned, for every process to map into its memory."""
    survey = load_survey(folder, limit)
    torch.save(
        {
            "features": encoder_features(model, survey.images, folder.name),
            "pooled": torch.cat([F.avg_pool2d(part.float(), 2).half() for part in survey.images.split(4096)]),
            "magnitudes": survey.magnitudes,
            "redshift": survey.redshift,
        },
        path,
    )


def read_samples(path: Path, with_images: bool, transform: tuple[Tensor, Tensor] | None) -> tuple[Samples, tuple[Tensor, Tensor]]:
    saved = torch.load(path, weights_only=True, mmap=True)
    matrix, centre = transform if transform is not None else magnitude_transform(saved["magnitudes"])
    images = (saved["features"], saved["pooled"]) if with_images else (None, None)
    magnitudes = ((saved["magnitudes"] - centre) @ matrix.T).float()
    return Samples(*images, magnitudes, saved["redshift"].float()), (matrix, centre)


def ranges_in(folder: Path, rows: dict[str, Tensor]) -> Ranges:
    """Ranges, as measured, of some rows of each kind of samples."""
    parts = [(torch.load(folder / f"samples-{kind}.pt", weights_only=True, mmap=True), chosen) for kind, chosen in rows.items()]
    return trained_ranges(*(torch.cat([part[name][chosen] for part, chosen in parts]) for name in ("magnitudes", "redshift")))


def load_encoder(model: ViT_Astro, path: Path) -> int:
    """Takes the encoder from a pretraining checkpoint; answers its step."""
    saved = torch.load(path, weights_only=True)
    encoder = {name.removeprefix("encoder."): value for name, value in saved["model"].items() if name.startswith("encoder.")}
    names = ("cls_token", "pos_embed", "patch_embed.", "blocks.")
    model.load_state_dict({n: v for n, v in encoder.items() if n.startswith(names)}, strict=False)
    return saved["step"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawn", type=Path, help="folder of partitions; stage prepare only")
    parser.add_argument("--real", type=Path, help="folder of partitions; stage prepare only")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--drawn-limit", type=int)
    parser.add_argument("--real-limit", type=int)
    parser.add_argument("--validation", type=int, default=3000, help="drawn galaxies, the last ones, kept for validation")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--stage", choices=["prepare", "magnitudes", "all"], required=True)
    parser.add_argument("--real-share", type=float, default=0.08, help="part of every batch that is real photometry")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=7e-4)
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay")
    parser.add_argument("--dropout", type=float, default=0.0, help="before the fusion, stage all only")
    parser.add_argument("--begin-with", dest="start", metavar="PATH", type=Path, help="best.pt of an earlier run to start stage all from")
    parser.add_argument("--huber", type=float, default=0.5, help="error from which it counts linearly, in units of SPREAD")
    parser.add_argument("--look", type=float, default=5, help="minutes between validations")
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    model = ViT_Astro()
    if options.stage == "prepare":
        load_encoder(model, options.out / "pretrain.pt")
        model.eval()
        for kind, limit in (("real", options.real_limit), ("drawn", options.drawn_limit)):
            prepare(getattr(options, kind), limit, model, options.out / f"samples-{kind}.pt")
        return
    if options.stage == "all":
        if options.start is not None:
            model.load_state_dict(torch.load(options.start, weights_only=True)["model"])
        elif (options.out / "magnitudes.pt").exists():
            model.load_state_dict(torch.load(options.out / "magnitudes.pt", weights_only=True)["average"])
        load_encoder(model, options.out / "pretrain.pt")
    with_images = options.stage == "all"
    drawn, transform = read_samples(options.out / "samples-drawn.pt", with_images, None)
    real, _ = read_samples(options.out / "samples-real.pt", with_images, transform)
    split = len(drawn) - options.validation
    # Of a short trial's rows the same share.
    rows = min(REAL_ROWS, len(real))
    training_rows = rows * REAL_TRAINING_ROWS // REAL_ROWS
    in_training = torch.arange(len(real)) % rows < training_rows
    training = (drawn, torch.arange(split)), (real, in_training.nonzero()[:, 0])
    # One rendering of each validation row of the real catalogue is enough.
    validation = (drawn, torch.arange(split, len(drawn))), (real, torch.arange(training_rows, rows))
    print(f"{[len(rows) for _, rows in training]} galaxies to train on, {options}", flush=True)
    trained = ranges_in(options.out, {kind: rows for kind, (_, rows) in zip(("drawn", "real"), training)})
    train(model, training, validation, {"transform": transform, "trained": trained}, options)


Rows = tuple[Samples, Tensor]


def draw_batch(training: tuple[Rows, Rows], options, generator: torch.Generator):
    """Mostly drawn galaxies: the real ones are few and would be learnt by heart."""
    parts = []
    real = int(options.batch * options.real_share)
    for (samples, allowed), count in zip(training, (options.batch - real, real)):
        rows = allowed[torch.randint(len(allowed), (count,), generator=generator)]
        parts.append((*samples.inputs(rows), samples.redshift[rows]))
    features, pooled, magnitudes, redshift = (None if a is None else torch.cat((a, b)) for a, b in zip(*parts))
    if pooled is not None:
        pooled = turned(pooled, generator).contiguous(memory_format=torch.channels_last)
    return features, pooled, magnitudes, (redshift - MIDDLE) / SPREAD


def train(model: ViT_Astro, training: tuple[Rows, Rows], validation: tuple[Rows, Rows], about: dict, options) -> None:
    """about: what best.pt says of its inputs: `transform` of the magnitudes and the ranges that were `trained`."""
    trained = [p for p in model.parameters() if p.requires_grad]
    if options.stage == "magnitudes":
        trained = [*model.inception_model.magnitude_block.parameters(), *model.concat_block.parameters()]
    optimizer = torch.optim.AdamW(trained, lr=options.rate, weight_decay=options.decay)
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
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("gloo")
    generator = torch.Generator().manual_seed(options.seed + step + 1_000_003 * rank)
    begun, first, losses = time.time(), step, []
    looked = saved_at = begun
    gone = spent / options.minutes
    while gone < 1:
        model.train()
        for _ in range(ROUND):
            for group in optimizer.param_groups:
                group["lr"] = options.rate * min(1, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * gone)))
            *inputs, target = draw_batch(training, options, generator)
            # Huber: between the mean, which R2 rewards, and the median, which MAE and NMAD reward.
            loss = F.smooth_l1_loss(forward(model, *inputs, options.dropout), target, beta=options.huber)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            losses.append(float(loss.detach()))
            step += 1
        minutes = spent + (time.time() - begun) / 60
        gone = agree(model, trained, min(1.0, minutes / options.minutes), world)
        follow(average, model, trained, min(0.98, (step + 1) / (step + 100)))
        if rank > 0:
            continue
        if gone >= 1 or time.time() - looked > 60 * options.look:
            scores = [redshift_metrics(*samples.predict(average, rows)) for samples, rows in validation]
            rate = world * (step - first) * options.batch / (time.time() - begun)
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
                torch.save({"model": average.state_dict(), **about, "step": step, "scores": scores}, options.out / "best.pt")
        if gone >= 1 or time.time() - saved_at > 240:
            state = {"model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "step": step, "minutes": minutes, "best": best}, path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
            saved_at = time.time()


@torch.no_grad()
def agree(model: nn.Module, trained: list[nn.Parameter], gone: float, world: int) -> float:
    """Averages trained weights and statistics over the processes; answers the part of the time gone on average."""
    if world == 1:
        return gone
    statistics = [b for b in model.inception_model.buffers() if b.is_floating_point()]
    tensors = [*(p.detach() for p in trained), *statistics]
    flat = torch.cat([torch.tensor([gone]), *(t.reshape(-1) for t in tensors)])
    dist.all_reduce(flat)
    flat /= world
    for tensor, mean in zip(tensors, flat[1:].split([t.numel() for t in tensors])):
        tensor.copy_(mean.view_as(tensor))
    return float(flat[0])


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, trained: list[nn.Parameter], decay: float) -> None:
    """Exponential moving average, round by round, of the trained parameters; statistics of batch normalization are copied."""
    names = {id(p) for p in trained}
    pairs = [(a, b) for a, b in zip(average.parameters(), model.parameters()) if id(b) in names]
    torch._foreach_lerp_([a for a, _ in pairs], [b.detach() for _, b in pairs], 1 - decay)
    for a, b in zip(average.inception_model.buffers(), model.inception_model.buffers()):
        a.copy_(b)


if __name__ == "__main__":
    main()
