"""What NumPy makes of pixels that are scaled, and PyTorch of images that are resized.

    python training/golden/image_input_golden.py

writes packages/inference/test/golden/scaling.json and packages/samples/test/golden/resize.json. Numbers are the shortest
decimals that give the float32 back.
"""

import json
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[2] / "packages"
F = np.float32


def per_band(value) -> np.ndarray:
    """A number, or one for each band, against images [n, bands, rows, columns]."""
    return np.asarray(value, dtype=F).reshape(-1, 1, 1)


STEPS = {
    "subtract": lambda x, value: x - per_band(value),
    "multiply": lambda x, value: x * per_band(value),
    "divide": lambda x, value: x / per_band(value),
    "asinh": lambda x, value: np.arcsinh((x / per_band(value)).astype(np.float64)).astype(F),
    "clip": lambda x, value: np.clip(x, F(value[0]), F(value[1])),
}

SCALINGS = [
    [{"divide": 255}],
    [{"subtract": [0.1, 0.2, 0.3]}, {"divide": [1.5, 0.7, 3.0]}],
    [{"asinh": 0.01}, {"multiply": 0.1}],
    [{"asinh": [0.05, 0.03, 0.08]}],
    [{"clip": [-0.25, 1.1]}, {"multiply": [2, 3, 1e-3]}, {"subtract": 1}],
]


def numbers(values) -> list:
    """Values in C order; NaN and infinity as text."""
    flat = np.asarray(values, dtype=F).reshape(-1)
    return [float(str(v)) if np.isfinite(v) else str(v) for v in flat]


def scaling() -> dict:
    """Images [2, 3, 4, 4], and what each list of steps makes of them."""
    random = np.random.default_rng(7)
    images = random.normal(0, 1, (2, 3, 4, 4)).astype(F) * np.asarray([1e-3, 1, 1e3], dtype=F).reshape(3, 1, 1)
    images[0, 0, 0, :3] = [np.nan, np.inf, -np.inf]
    cases = []
    for steps in SCALINGS:
        values = images
        for step in steps:
            [(name, value)] = step.items()
            values = STEPS[name](values, value)
        assert values.dtype == F
        cases.append({"scaling": steps, "expected": numbers(values)})
    return {"shape": list(images.shape), "images": numbers(images), "cases": cases}


def resize() -> list:
    """Images [2, 2, from, from], and what they are at another size."""
    random = np.random.default_rng(8)
    cases = []
    for before, after in [(7, 4), (4, 7), (8, 4), (4, 8), (1, 3), (9, 2), (2, 1)]:
        images = torch.tensor(random.normal(0, 1, (2, 2, before, before)).astype(F))
        resized = torch.nn.functional.interpolate(images, size=(after, after), mode="bilinear", align_corners=False)
        cases.append({"from": before, "to": after, "images": numbers(images), "expected": numbers(resized)})
    return cases


def main() -> None:
    """Writes both files."""
    for path, content in [("inference/test/golden/scaling.json", scaling()), ("samples/test/golden/resize.json", resize())]:
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
