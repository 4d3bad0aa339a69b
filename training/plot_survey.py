"""Draws the figures of docs/survey.md: simulated galaxies beside real ones.

    python training/plot_survey.py --data DATA --simulated data/held-out --real data/held-out-real --out docs/images

--simulated: partitions of drawn galaxies; --real: partitions rendered from the catalogue's last 1,988 rows, which the survey
was not fitted to. Prints the numbers of the page's tables.
"""

from __future__ import annotations

import argparse
import glob
import json
from pathlib import Path

import matplotlib
import numpy as np
import torch
from astropy.io import fits
from scipy.stats import ks_2samp

from survey_data import partition_paths

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

BANDS = "ugriz"
REAL, SIMULATED = "#c2410c", "#1d4ed8"
HELD_OUT = 1_988
PIXEL = 0.396


def read_partitions(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = [torch.load(path, weights_only=False).tensors for path in partition_paths(folder)]
    images, magnitudes, redshift = (torch.cat(column).numpy() for column in zip(*parts))
    return images, magnitudes, redshift


def features(magnitudes: np.ndarray) -> np.ndarray:
    return np.column_stack([magnitudes[:, :-1] - magnitudes[:, 1:], magnitudes[:, 2]])


NAMES = ["u - g", "g - r", "r - i", "i - z", "r"]


def half_light_radius(images: np.ndarray, magnitudes: np.ndarray) -> np.ndarray:
    """Arcsec in r as seen, seeing included: where the curve of growth reaches half of the light in the cutout."""
    y, x = np.mgrid[:32, :32] - 16.0
    radius = np.hypot(x, y).ravel()
    order = np.argsort(radius)
    growth = np.cumsum(images[:, 2].reshape(len(images), -1)[:, order], 1)
    # One point a ring of equal distance, smoothed over rings half a pixel wide: pixels come in discrete distances.
    rings = np.arange(0.5, 16.01, 0.5)
    inside = np.searchsorted(radius[order], rings, side="right") - 1
    curve = np.maximum.accumulate(growth[:, inside], 1) / growth[:, -1:]
    # Pixels within a ring stand for its true area only on average.
    curve = curve * (np.pi * rings**2 / (inside + 1)).clip(0.8, 1.2)
    return np.array([np.interp(0.5, c, rings) for c in curve]) * PIXEL


def colour_medians(real, simulated, out: Path) -> None:
    (real_f, real_z), (sim_f, sim_z) = real, simulated
    edges = np.quantile(real_z, np.linspace(0.01, 0.99, 13))
    centre = (edges[1:] + edges[:-1]) / 2
    figure, axes = plt.subplots(1, 4, figsize=(13, 3.3), constrained_layout=True)
    for index, axis in enumerate(axes):
        for f, z, colour, name in ((real_f, real_z, REAL, "real, held out"), (sim_f, sim_z, SIMULATED, "simulated")):
            q = np.array([np.percentile(f[(z >= a) & (z < b), index], [16, 50, 84]) for a, b in zip(edges, edges[1:])])
            axis.plot(centre, q[:, 1], color=colour, label=name)
            axis.fill_between(centre, q[:, 0], q[:, 2], color=colour, alpha=0.15)
        axis.set(xlabel="redshift", title=NAMES[index])
    axes[0].legend(frameon=False)
    figure.savefig(out / "survey-colours.svg")


def histograms(real, simulated, out: Path) -> None:
    (real_m, real_z), (sim_m, sim_z) = real, simulated
    figure, axes = plt.subplots(1, 6, figsize=(15, 2.8), constrained_layout=True)
    columns = [(f"{b} [mag]", real_m[:, i], sim_m[:, i]) for i, b in enumerate(BANDS)] + [("redshift", real_z, sim_z)]
    for axis, (name, a, b) in zip(axes, columns):
        bins = np.linspace(*np.percentile(a, [0.3, 99.7]), 32)
        axis.hist(a, bins, density=True, color=REAL, histtype="step", label="real, held out")
        axis.hist(b, bins, density=True, color=SIMULATED, alpha=0.3, label="simulated")
        axis.set(xlabel=name, yticks=[])
    axes[0].legend(frameon=False, fontsize=7)
    figure.savefig(out / "survey-histograms.svg")


def sizes(images, magnitudes, shapes: Path, out: Path) -> None:
    tables = [fits.open(name)[1].data for name in sorted(glob.glob(str(shapes / "coadd_for_*.fit")))]
    column = lambda name: np.concatenate([np.asarray(t[name], float) for t in tables])
    dev = column("fracdev_r") > 0.5
    r = np.where(dev, column("devmag_r"), column("expmag_r"))
    radius = np.where(dev, column("devrad_r"), column("exprad_r"))
    real = (column("probpsf") < 0.5) & (radius > 0.3) & (radius < 15) & (column("is_saturated") == 0)
    seen = half_light_radius(images, magnitudes)
    # Half-light radii add to the seeing's (0.65 arcsec in r at the median) about in quadrature.
    own = np.sqrt(np.clip(seen**2 - 0.65**2, 0.1**2, None))
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), constrained_layout=True)
    axes[0].hist(own, np.linspace(0, 6, 40), density=True, color=SIMULATED, alpha=0.4)
    axes[0].set(xlabel="half-light radius in the cutout, seeing removed [arcsec]", yticks=[], title="simulated")
    axes[1].scatter(magnitudes[:2500, 2], own[:2500], s=2, color=SIMULATED, alpha=0.4, label="simulated, from the cutouts", rasterized=True)
    axes[1].scatter(r[real], radius[real], s=12, color=REAL, label="Stripe 82, SDSS pipeline")
    axes[1].set(xlabel="r [mag]", ylabel="arcsec", xlim=(13.5, 20), yscale="log", ylim=(0.25, 15))
    axes[1].legend(frameon=False, fontsize=8)
    figure.savefig(out / "survey-sizes.png", dpi=110)
    near = (magnitudes[:, 2] > 16) & (magnitudes[:, 2] < 18)
    both = real & (r > 16) & (r < 18.5)
    print(f"half-light radius, arcsec: simulated at 16 < r < 18 {np.percentile(own[near], [16, 50, 84]).round(2)}")
    print(f"  Stripe 82 at 16 < r < 18.5, {both.sum()} galaxies: {np.percentile(radius[both], [16, 50, 84]).round(2)}")


def noise(images: np.ndarray, frame: Path, out: Path) -> None:
    """Scatter of the lower half of the corner pixels' distribution, which sources don't reach."""
    corners = images[:, :, [0, 0, 1, -1, -1, -2], [0, -1, 1, 0, -1, -2]]
    faint = images[:, 2].max((1, 2)) < 1.0
    measured = []
    for band in range(5):
        values = corners[faint, band].ravel()
        median = np.median(values)
        measured.append(1.4826 * np.median(median - values[values < median]))
    expected = [0.091, 0.030, 0.036, 0.056, 0.216]
    pixels = fits.open(frame)[0].data.astype(float)
    median = np.median(pixels)
    real_r = 1.4826 * np.median(median - pixels[pixels < median])
    figure, axis = plt.subplots(figsize=(5, 3), constrained_layout=True)
    axis.bar(np.arange(5) - 0.2, expected, 0.4, color="#94a3b8", label="typical SDSS")
    axis.bar(np.arange(5) + 0.2, measured, 0.4, color=SIMULATED, label="simulated, corners")
    axis.plot([1.6, 2.4], [real_r, real_r], color=REAL, lw=2, label="real r frame")
    axis.set(xticks=range(5), xticklabels=list(BANDS), ylabel="nanomaggies a pixel", yscale="log")
    axis.legend(frameon=False, fontsize=8)
    figure.savefig(out / "survey-noise.svg")
    print("noise:", " ".join(f"{b} {m:.4f}" for b, m in zip(BANDS, measured)), f"; real r frame {real_r:.4f}")


def cutouts(images, magnitudes, redshift, out: Path) -> None:
    order = np.argsort(redshift)
    rows = order[np.linspace(len(order) * 0.02, len(order) * 0.97, 7).astype(int)]
    figure, axes = plt.subplots(len(rows), 6, figsize=(7.4, 8.6), constrained_layout=True)
    for row, galaxy in enumerate(rows):
        image = images[galaxy]
        for band in range(5):
            sky = 1.4826 * np.median(abs(image[band] - np.median(image[band])))
            axes[row, band].imshow(np.arcsinh(image[band] / (3 * sky)), cmap="gray", origin="lower", vmin=-0.5)
        colours = image[[3, 2, 1]] / np.array([0.15, 0.12, 0.06])[:, None, None]
        mean = colours.mean(0)
        stretched = colours * (np.arcsinh(3 * mean) / (3 * np.where(abs(mean) < 1e-6, 1, mean)))
        axes[row, 5].imshow(np.clip(stretched / 3.2, 0, 1).transpose(1, 2, 0), origin="lower")
        axes[row, 0].set_ylabel(f"z {redshift[galaxy]:.3f}\nr {magnitudes[galaxy, 2]:.1f}", fontsize=8)
    for axis, name in zip(axes[0], [*BANDS, "g, r, i"]):
        axis.set_title(name, fontsize=9)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    figure.savefig(out / "survey-cutouts.png", dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    # Text stays text, and the same data give the same file.
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "survey", "font.size": 9})
    images, magnitudes, redshift = read_partitions(options.simulated)
    _, real_magnitudes, real_redshift = read_partitions(options.real)
    assert len(real_redshift) == HELD_OUT, "--real must be the catalogue's last 1,988 rows, once"
    real_f, sim_f = features(real_magnitudes), features(magnitudes)
    for index, name in enumerate(NAMES):
        test = ks_2samp(real_f[:, index], sim_f[:, index])
        quantiles = [np.percentile(f[:, index], [5, 50, 95]).round(3).tolist() for f in (real_f, sim_f)]
        print(f"{name}: distance {test.statistic:.3f}, 5/50/95 % real {quantiles[0]} simulated {quantiles[1]}")
    print(f"z: distance {ks_2samp(real_redshift, redshift).statistic:.3f}")
    colour_medians((real_f, real_redshift), (sim_f, redshift), options.out)
    histograms((real_magnitudes, real_redshift), (magnitudes, redshift), options.out)
    sizes(images, magnitudes, options.data / "shapes", options.out)
    noise(images, sorted((options.data / "image").glob("frame-r-*"))[0], options.out)
    cutouts(images, magnitudes, redshift, options.out)


if __name__ == "__main__":
    main()
