"""Golden file for packages/metrics: prediction metrics as NumPy computes them.

python training/golden/prediction_metrics.py packages/metrics/test/golden/prediction-metrics.json
"""

import json
import sys

import numpy as np


def metrics(z, p):
    dz = (p - z) / (1 + z)
    return {
        "count": len(z),
        "mae": np.mean(np.abs(p - z)),
        "mse": np.mean((p - z) ** 2),
        "bias": np.mean(dz),
        "precision": 1.48 * np.median(np.abs(dz - np.median(dz))),
        "r2": 1 - np.sum((z - p) ** 2) / np.sum((z - np.mean(z)) ** 2),
        "outlier_fraction_005": np.mean(np.abs(dz) > 0.05),
        "outlier_fraction_015": np.mean(np.abs(dz) > 0.15),
    }


def case(name, z, p):
    return {"name": name, "z_spec": z.tolist(), "z_pred": p.tolist(), "expected": {k: float(v) for k, v in metrics(z, p).items()}}


rng = np.random.default_rng(20250111)
z = rng.gamma(4.0, 0.027, 501)
p = z + rng.normal(0.002, 0.015, 501) * (1 + z)
p[::40] += rng.uniform(-0.3, 0.3, len(p[::40]))
even = slice(0, 200)
deep = rng.uniform(0.0, 6.0, 64)
cases = [
    case("an SDSS-like sample with outliers, odd count", z, p),
    case("even count", z[even], p[even]),
    case("deep survey, wide range", deep, deep * rng.normal(1.0, 0.1, 64)),
    case("float32 predictions", z[even], p[even].astype(np.float32).astype(np.float64)),
    case("two galaxies", np.array([0.1, 0.2]), np.array([0.12, 0.17])),
]
with open(sys.argv[1], "w") as out:
    json.dump({"numpy": np.__version__, "cases": cases}, out, indent=1)
    out.write("\n")
