"""Fits the simulated survey to real SDSS data and writes packages/survey/src/calibration.json.

    python training/fit_survey.py --data DATA --out packages/survey/src/calibration.json

Reads (see docs/survey.md for where they come from): catalog/sdss_main_galaxies.csv, shapes/coadd_for_*.fit,
image/psField-*.fit. Only rows 1 to 8,000 of the galaxy catalogue are used: the last 1,988 stay unseen, so that both the
simulated survey and the model trained on it can be judged on them. Same input, same seed: same file.
"""

import argparse
import glob
import json
from pathlib import Path

import numpy as np
from astropy.io import fits
from scipy.optimize import least_squares
from scipy.special import logsumexp

BANDS = "ugriz"
FIT_ROWS = 8_000
COMPONENTS = 28
# Typical seeing of SDSS imaging, FWHM in arcsec, and sky noise per pixel in nanomaggies, u to z.
TYPICAL_FWHM = [1.5, 1.4, 1.3, 1.2, 1.2]
SKY_SIGMA = [0.091, 0.030, 0.036, 0.056, 0.216]


def read_catalogue(path: Path) -> dict[str, np.ndarray]:
    table = np.genfromtxt(path, delimiter=",", names=True)[:FIT_ROWS]
    magnitudes = np.stack([table[f"model_{b}"] for b in BANDS], 1)
    extinction = np.stack([table[f"ext_{b}"] for b in BANDS], 1)
    errors = np.stack([table[f"err_{b}"] for b in BANDS], 1)
    return {"z": table["z_spec"], "observed": magnitudes, "true": magnitudes - extinction, "ext": extinction, "err": errors}


# Features: ln z, u-g, g-r, r-i, i-z, r; magnitudes corrected for extinction.
FEATURES = np.zeros((6, 6))
FEATURES[0, 0] = 1
for k in range(4):
    FEATURES[k + 1, k + 1], FEATURES[k + 1, k + 2] = 1, -1
FEATURES[5, 3] = 1


def fit_joint(catalogue: dict[str, np.ndarray], rng: np.random.Generator) -> dict:
    """Gaussian mixture of the error-free features by extreme deconvolution (Bovy, Hogg and Roweis 2011, AnApS 5, 1657)."""
    good = (catalogue["err"][:, 0] < 1.5) & (catalogue["err"][:, 1:] < 0.3).all(1)
    raw = np.column_stack([np.log(catalogue["z"]), catalogue["true"]])[good]
    data = raw @ FEATURES.T
    noise = np.zeros((len(data), 6, 6))
    noise[:, range(1, 6), range(1, 6)] = catalogue["err"][good] ** 2
    noise = FEATURES @ noise @ FEATURES.T
    median = np.median(data, 0)
    spread = 1.4826 * np.median(abs(data - median), 0)
    # Objects far outside every locus (failed photometry) would claim components of their own.
    keep = (abs((data - median) / spread) < 8).all(1)
    data, noise = data[keep], noise[keep]
    means = data[rng.choice(len(data), COMPONENTS, replace=False)]
    covariances = np.repeat(np.cov(data.T)[None] / 4, COMPONENTS, 0)
    weights = np.full(COMPONENTS, 1 / COMPONENTS)
    floor = np.diag((0.02 * spread) ** 2)
    last = -np.inf
    for _ in range(250):
        total = covariances[None] + noise[:, None]
        inverse = np.linalg.inv(total)
        delta = data[:, None] - means[None]
        shrunk = np.einsum("nkij,nkj->nki", inverse, delta)
        log_p = -0.5 * np.einsum("nki,nki->nk", shrunk, delta) - 0.5 * np.linalg.slogdet(total)[1] + np.log(weights)
        norm = logsumexp(log_p, 1)
        q = np.exp(log_p - norm[:, None])
        posterior = means + np.einsum("kij,nkj->nki", covariances, shrunk)
        share = q.sum(0)
        # What each galaxy leaves open of its component, averaged over the galaxies before it is multiplied out.
        remain = covariances - covariances @ (np.einsum("nk,nkij->kij", q, inverse) / share[:, None, None]) @ covariances
        means = np.einsum("nk,nki->ki", q, posterior) / share[:, None]
        off = posterior - means
        covariances = np.einsum("nki,nkj->kij", q[..., None] * off, off) / share[:, None, None] + remain + floor
        weights = share / share.sum()
        mean_log = norm.mean() - 3 * np.log(2 * np.pi)
        if mean_log - last < 1e-5:
            break
        last = mean_log
    print(f"mixture: {len(data)} galaxies, {COMPONENTS} components, {last:.4f} nats a galaxy")
    order = np.argsort(-weights)
    return {
        "features": ["ln z", "u-g", "g-r", "r-i", "i-z", "r"],
        "weights": weights[order],
        "means": means[order],
        # Lower triangles, row by row: a draw is mean + L · normals.
        "cholesky": np.array([np.linalg.cholesky(covariances[k])[np.tril_indices(6)] for k in order]),
        "lower": np.maximum(data.min(0), median - 8 * spread),
        "upper": np.minimum(data.max(0), median + 8 * spread),
    }


def fit_errors(catalogue: dict[str, np.ndarray]) -> list[dict]:
    """ln(magnitude error) as a quadratic of (observed magnitude - 18), and the scatter about it, for every band."""
    answer = []
    for band in range(5):
        x, y = catalogue["observed"][:, band] - 18, np.log(catalogue["err"][:, band])
        keep = (x > -4.5) & (x < 5) & (y < 0.5)
        for _ in range(3):
            fit = np.polynomial.polynomial.polyfit(x[keep], y[keep], 2)
            residual = y - np.polynomial.polynomial.polyval(x, fit)
            scatter = 1.4826 * np.median(abs(residual[keep]))
            keep = (abs(residual) < 4 * scatter) & (x > -4.5) & (x < 5)
        answer.append({"coefficients": fit, "scatter": scatter, "brightest": 18 - 4.5, "faintest": 18 + 5})
    return answer


def fit_colour_tracks(catalogue: dict[str, np.ndarray]) -> dict:
    """Observed g-r of the red sequence and of the blue edge as polynomials of redshift: the frame in which types are told."""
    z, colour = catalogue["z"], catalogue["true"][:, 1] - catalogue["true"][:, 2]
    edges = np.arange(0.01, 0.34, 0.03)
    bins = [(z >= low) & (z < low + 0.03) for low in edges]
    centre = edges + 0.015
    red = np.polynomial.polynomial.polyfit(centre, [np.percentile(colour[b], 80) for b in bins], 2)
    near = centre < 0.19
    blue = np.polynomial.polynomial.polyfit(centre[near], [np.percentile(colour[b], 5) for b, n in zip(bins, near) if n], 1)
    return {"red": red, "blue": blue, "farthest": 0.4}


def quantiles(values: np.ndarray, count: int = 33) -> np.ndarray:
    return np.quantile(values, np.linspace(0, 1, count))


def fit_shapes(folder: Path) -> tuple[dict, dict]:
    tables = [fits.open(name)[1].data for name in sorted(glob.glob(str(folder / "coadd_for_*.fit")))]
    column = lambda name: np.concatenate([np.asarray(table[name], float) for table in tables])
    star = column("probpsf") > 0.5
    bulge = column("fracdev_r")
    dev = bulge > 0.5
    pick = lambda kind: np.where(dev, column(f"dev{kind}_r"), column(f"exp{kind}_r"))
    model = {b: np.where(dev, column(f"devmag_{b}"), column(f"expmag_{b}")) for b in BANDS}
    psf = {b: column(f"psfmag_{b}") for b in BANDS}
    galaxy = ~star & (model["r"] > 16) & (model["r"] < 22) & (pick("rad") > 0.1) & (pick("rad") < 12) & (column("is_saturated") == 0)
    resolved = galaxy & (model["r"] < 21.5)
    stars = star & (psf["r"] > 15) & (psf["r"] < 22)
    # Two SDSS fields of 2,048 x 1,489 pixels of 0.396 arcsec.
    area = len(tables) * 2048 * 1489

    def colours(which: np.ndarray, magnitudes: dict) -> dict:
        offsets = np.stack([magnitudes[b] - magnitudes["r"] for b in BANDS], 1)[which]
        offsets = offsets[(abs(offsets) < 5).all(1)]
        median = np.median(offsets, 0)
        return {"offset": median, "scatter": 1.4826 * np.median(abs(offsets - median), 0)}

    profile = {
        "axisRatioEarly": quantiles(pick("ab")[resolved & dev]),
        "axisRatioLate": quantiles(pick("ab")[resolved & ~dev]),
        "bulgeEarly": quantiles(bulge[resolved & dev]),
        "bulgeLate": quantiles(bulge[resolved & ~dev]),
    }
    neighbours = {
        "galaxies": {
            "perPixel": galaxy.sum() / area,
            "r": quantiles(model["r"][galaxy]),
            "radius": quantiles(pick("rad")[galaxy & (model["r"] > 18)]),
            "colours": colours(galaxy, model),
        },
        "stars": {"perPixel": stars.sum() / area, "r": quantiles(psf["r"][stars]), "colours": colours(stars, psf)},
    }
    print(f"shapes: {galaxy.sum()} galaxies, {stars.sum()} stars")
    return profile, neighbours


def fit_instrument(path: Path) -> dict:
    """Double-Gaussian PSF shape (fit of the SDSS pipeline itself) and electrons per nanomaggy, from one psField file."""
    field = fits.open(path)[6].data[0]
    flux20 = {str(row["filter"]).strip(): float(row["flux20"]) for row in fits.open(path)[7].data}
    bands = []
    for index, band in enumerate(BANDS):
        narrow, wide = float(field["psf_sigma1_2G"][index]), float(field["psf_sigma2_2G"][index])
        peak = float(field["psf_b_2G"][index])
        core = narrow**2 / (narrow**2 + peak * wide**2)
        # FWHM in units of the narrow sigma: where exp(-x²/2) + b exp(-x²/2/ratio²) halves.
        x = np.linspace(0.5, 3, 100_001)
        value = np.exp(-x * x / 2) + peak * np.exp(-x * x / 2 * (narrow / wide) ** 2)
        half = x[np.argmin(abs(value - (1 + peak) / 2))]
        bands.append(
            {
                "band": band,
                "fwhm": TYPICAL_FWHM[index],
                "sigmaOfFwhm": 1 / (2 * half),
                "coreFlux": core,
                "wingRatio": wide / narrow,
                "skySigma": SKY_SIGMA[index],
                # A source of 20 mag is 10 nanomaggies.
                "electronsPerNanomaggy": flux20[band] / 10 * float(field["gain"][index]),
            }
        )
    return {"bands": bands, "seeingScatter": 0.08, "skyScatter": 0.07}


def fit_profile(index: float, terms: int, truncation: float) -> dict:
    """Sérsic profile of half-light radius 1 as a sum of round Gaussians (idea: Hogg and Lang 2013, PASP 125, 719)."""
    b = {1: 1.67834699, 4: 7.66924944}[index]
    r = np.geomspace(1e-3, truncation * 1.3, 1_500)
    inside = r > 0
    taper = np.where(r > truncation * 0.75, np.clip(1 - ((r / truncation - 0.75) / 0.25), 0, 1) ** 2, 1)
    core = 0.02 if index == 4 else 0.0
    brightness = np.exp(-b * (np.sqrt(r * r + core * core) ** (1 / index) - 1)) * taper
    weight = np.sqrt(r * np.gradient(r)) * np.where(r < 1, 1 / np.sqrt(0.05 + r), 1)

    def model(parameters: np.ndarray) -> np.ndarray:
        flux, variance = np.exp(parameters[:terms]), np.exp(parameters[terms:])
        return (flux / (2 * np.pi * variance) * np.exp(-r[:, None] ** 2 / 2 / variance)).sum(1)

    start = np.concatenate([np.zeros(terms), np.log(np.geomspace(2e-3 if index == 4 else 0.01, 6 if index == 4 else 1.5, terms))])
    fit = least_squares(lambda p: (model(p) - brightness) * weight, start, max_nfev=4_000)
    flux = np.exp(fit.x[:terms])
    total = np.trapezoid(2 * np.pi * r * brightness, r)
    grown = np.cumsum(2 * np.pi * r * model(fit.x) * np.gradient(r)) / flux.sum()
    # Truncation takes light from outside only, so the half-light radius shrinks: scale it back to 1.
    half = np.interp(0.5, grown, r)
    print(f"Sérsic {index}: {terms} Gaussians, flux {flux.sum() / total:.4f} of the profile's, half light at {half:.4f} before scaling")
    order = np.argsort(fit.x[terms:])
    return {"flux": (flux / flux.sum())[order], "variance": (np.exp(fit.x[terms:]) / half**2)[order]}


def rounded(value):
    """Numbers with 9 significant digits: enough for every use, and a file that people can read."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [rounded(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.9g}")
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("packages/survey/src/calibration.json"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    catalogue = read_catalogue(options.data / "catalog" / "sdss_main_galaxies.csv")
    profile, neighbours = fit_shapes(options.data / "shapes")
    calibration = {
        "provenance": {
            "script": "training/fit_survey.py",
            "seed": options.seed,
            "photometry": "SDSS main galaxy sample, rows 1 to 8,000 of the 9,988 in blanton144/kcorrect's test data (BSD-3)",
            "shapes": "SDSS Stripe 82 coadd, two fields, in jeff-regier/Celeste.jl's test data (MIT)",
            "psf": "SDSS psField-001000-1-0100, in dstndstn/tractor's test data; widths rescaled to typical seeing",
            "credit": "Sloan Digital Sky Survey (public domain)",
        },
        "joint": fit_joint(catalogue, np.random.default_rng(options.seed)),
        "magnitudeErrors": fit_errors(catalogue),
        "colourTracks": fit_colour_tracks(catalogue),
        "extinction": {
            "r": quantiles(catalogue["ext"][:, 2]),
            "ratio": np.median(catalogue["ext"] / catalogue["ext"][:, 2:3], 0),
        },
        "profiles": {
            "exponential": fit_profile(1, 4, 4.0),
            "deVaucouleurs": fit_profile(4, 6, 8.0),
        },
        "shapes": profile,
        "neighbours": neighbours,
        "instrument": fit_instrument(sorted((options.data / "image").glob("psField-*.fit"))[0]),
    }
    options.out.write_text(json.dumps(rounded(calibration), indent=1) + "\n")
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
