"""Reads simulated partitions (`k.pt`, TensorDataset of images, magnitudes, redshift) and holds the input scaling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

# Nanomaggies by which images are divided before training, u to z: about the rms of a central pixel. Linear, so that the
# division is folded into the first convolutions at export and the checkpoint takes raw nanomaggies.
IMAGE_SCALE = torch.tensor([0.25, 0.6, 1.4, 2.0, 2.8])


@dataclass
class Survey:
    """images [N, 5, 32, 32] float16 in nanomaggies / IMAGE_SCALE; magnitudes [N, 5] float64; redshift [N] float64."""

    images: Tensor
    magnitudes: Tensor
    redshift: Tensor

    def __len__(self) -> int:
        return len(self.redshift)

    def __getitem__(self, rows) -> "Survey":
        return Survey(self.images[rows], self.magnitudes[rows], self.redshift[rows])


def partition_paths(folder: Path) -> list[Path]:
    """In natural order: 1.pt, 2.pt, … 10.pt."""
    paths = sorted(folder.glob("*.pt"), key=lambda path: int(path.stem))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no partitions 1.pt … N.pt; run `cosmicai simulate` first (training/README.md)")
    return paths


def load_survey(folder: Path, limit: int | None = None) -> Survey:
    images, magnitudes, redshift = [], [], []
    found = 0
    for path in partition_paths(folder):
        if limit is not None and found >= limit:
            break
        # weights_only=False: a TensorDataset is an object, not a state dict. Only for files of one's own making.
        part = torch.load(path, weights_only=False).tensors
        # float16 halves memory; its rounding (0.05 %) is far below the noise. Some cores exceed its range: clamp.
        images.append((part[0] / IMAGE_SCALE.view(5, 1, 1)).clamp_(-6e4, 6e4).half())
        magnitudes.append(part[1].double())
        redshift.append(part[2].double())
        found += len(part[2])
    survey = Survey(torch.cat(images), torch.cat(magnitudes), torch.cat(redshift))
    return survey if limit is None else survey[slice(0, limit)]


def join(first: Survey, second: Survey) -> Survey:
    return Survey(*(torch.cat(pair) for pair in zip(vars(first).values(), vars(second).values())))


def turned(images: Tensor, generator: torch.Generator) -> Tensor:
    """One of the eight orientations of the square, the same for the whole batch: the sky has no preferred one."""
    kind = int(torch.randint(8, (), generator=generator))
    images = torch.rot90(images, kind % 4, (2, 3))
    return images.flip(3) if kind >= 4 else images
