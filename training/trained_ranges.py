"""The ranges of magnitudes and redshifts that a network was trained on, as `cosmicai model profile` measures and writes them."""

from __future__ import annotations

import json
from pathlib import Path

from torch import Tensor

Ranges = dict[str, list]


def trained_ranges(magnitudes: Tensor, redshift: Tensor) -> Ranges:
    """Smallest and largest of each of the magnitudes [N, 5] and of redshift [N]. What stands for "not measured" or "unknown"
    (-9999, 99, -1) is left out: docs/data-quality.md has the limits."""
    # Comparisons are false of NaN.
    bands = [band[(band > -9) & (band < 90)] for band in magnitudes.double().T]
    known = redshift[(redshift >= -0.01) & (redshift <= 12)].double()
    empty = [str(number) for number, values in enumerate([*bands, known], 1) if len(values) == 0]
    if empty:
        raise ValueError(f"nothing usable among {len(redshift)} galaxies in column {', '.join(empty)} of magnitudes and redshift")
    return {"magnitudes": [_range(band) for band in bands], "redshift": _range(known)}


def _range(values: Tensor) -> list[float]:
    return [float(values.min()), float(values.max())]


def ranges_file(checkpoint: Path) -> Path:
    """`x.trained.json` beside `x.pt`, where `cosmicai model import` looks for it."""
    return checkpoint.with_name(checkpoint.name.removesuffix(".pt") + ".trained.json")


def write_ranges(checkpoint: Path, ranges: Ranges) -> Path:
    path = ranges_file(checkpoint)
    path.write_text(json.dumps(ranges) + "\n")
    return path
