"""Metrics of predicted redshifts, as packages/metrics defines them."""

from __future__ import annotations

import numpy as np

NMAD_FACTOR = 1.48


def redshift_metrics(predicted, spectroscopic) -> dict[str, float]:
    """MAE and MSE in z; bias and NMAD of (z_pred - z_spec) / (1 + z_spec); R2."""
    p, z = np.asarray(predicted, np.float64), np.asarray(spectroscopic, np.float64)
    error = p - z
    scaled = error / (1 + z)
    return {
        "MAE": float(abs(error).mean()),
        "MSE": float((error**2).mean()),
        "Bias": float(scaled.mean()),
        "NMAD": float(NMAD_FACTOR * np.median(abs(scaled - np.median(scaled)))),
        "R2": float(1 - (error**2).sum() / ((z - z.mean()) ** 2).sum()),
        "Outliers": float((abs(scaled) > 0.05).mean()),
    }


def bootstrap(predicted, spectroscopic, rounds: int = 1000, seed: int = 1) -> dict[str, tuple[float, float]]:
    """Central 95 % intervals by resampling galaxies."""
    p, z = np.asarray(predicted, np.float64), np.asarray(spectroscopic, np.float64)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(rounds):
        rows = rng.integers(len(z), size=len(z))
        found.append(redshift_metrics(p[rows], z[rows]))
    return {k: tuple(np.quantile([f[k] for f in found], [0.025, 0.975]).tolist()) for k in found[0]}


def describe(scores: dict[str, float]) -> str:
    return " ".join(f"{name} {scores[name]:.5f}" for name in ("R2", "MAE", "NMAD"))
