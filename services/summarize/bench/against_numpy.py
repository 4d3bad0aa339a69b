"""Holds the metrics of a run that many-ranks.ts kept against NumPy, over the predictions themselves.

    python services/summarize/bench/against_numpy.py FOLDER

Every rank of the run has the redshifts of one of the different files, so that each is taken as often as ranks have it: all
predictions are in memory, 24 bytes each. Prints JSON; exit code 1 when a metric is off by more than 1e-9 of itself, or NMAD by more
than the bound that is stated beside it.
"""

import json
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
summary_file = next((folder / "out" / "runs").glob("*/summary.json"))
summary = json.loads(summary_file.read_text())
ranks, samples = summary["ranks"]["planned"], summary["samples"]
galaxies = samples // ranks
z_spec = np.fromfile(folder / "z_spec.f64").reshape(-1, galaxies)
z_pred = np.fromfile(folder / "z_pred.f32", dtype=np.float32).astype(np.float64).reshape(-1, galaxies)
which = np.arange(ranks) % len(z_spec)
z, p = z_spec[which].ravel(), z_pred[which].ravel()
dz = (p - z) / (1 + z)
expected = {
    "mae": np.abs(p - z).mean(),
    "mse": ((p - z) ** 2).mean(),
    "bias": dz.mean(),
    "r2": 1 - ((p - z) ** 2).sum() / ((z - z.mean()) ** 2).sum(),
    "outlier_fraction_005": (np.abs(dz) > 0.05).mean(),
    "outlier_fraction_015": (np.abs(dz) > 0.15).mean(),
    "precision": 1.48 * np.median(np.abs(dz - np.median(dz))),
}
scores = summary["prediction_scores"]
table = []
for name, value in expected.items():
    off = abs(scores[name] - value)
    bound = max(scores["precision_error"], 1e-12) if name == "precision" else 1e-9 * abs(value)
    table.append({"metric": name, "ours": scores[name], "numpy": float(value), "off": float(off), "bound": bound, "within": bool(off <= bound)})
print(json.dumps({"galaxies": int(samples), "count": scores["count"], "table": table}, indent=1))
sys.exit(0 if scores["count"] == len(z) and all(row["within"] for row in table) else 1)
