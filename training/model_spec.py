"""What a network takes of a galaxy and answers, in the form that `cosmicai` reads beside checkpoints and models."""

from __future__ import annotations

import json
from pathlib import Path

BANDS = ["u", "g", "r", "i", "z"]

# Images are raw nanomaggies: what training divides them by is folded into the first layers at export.
SPEC = {
    "inputs": {"image": {"bands": BANDS, "side": 32, "scaling": "none"}, "features": [f"mag_{band}" for band in BANDS]},
    "outputs": [{"name": "redshift", "kind": "value"}],
    "truth": "redshift",
}


def spec_file(checkpoint: Path) -> Path:
    """`x.spec.json` beside `x.pt`, where `cosmicai model import` looks for it."""
    return checkpoint.with_name(checkpoint.name.removesuffix(".pt") + ".spec.json")


def write_spec(checkpoint: Path, spec: dict) -> Path:
    path = spec_file(checkpoint)
    path.write_text(json.dumps(spec, indent=1) + "\n")
    return path
