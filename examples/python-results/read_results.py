"""Reads what a run left, and computes from its predictions what its summary says.

python3 read_results.py RESULTS                  predictions of the run, with pyarrow
python3 read_results.py RESULTS predictions.csv  predictions of `cosmicai infer --out`, with the standard library alone
"""

import csv
import json
import math
import sys
from pathlib import Path


def from_parquet(folder):
    """Pairs of spectroscopic and predicted redshifts; one file a rank, together one table."""
    from pyarrow import parquet

    table = parquet.read_table(folder)
    frame = table.to_pandas()
    print(frame.groupby("rank")[["z_spec", "z_pred"]].describe().T.to_string())
    return list(zip(frame["z_spec"], frame["z_pred"]))


def from_csv(path):
    with open(path, newline="") as file:
        # Empty: nobody knows the true redshift.
        return [(float(row["z_spec"] or "nan"), float(row["z_pred"])) for row in csv.DictReader(file)]


def main(results, predictions=None):
    summary = json.loads((results / "summary.json").read_text())
    ranks = json.loads((results / "combined_data.json").read_text())
    for rank in ranks:
        seconds = rank["total_cpu_time (seconds)"]
        print(f"rank {rank['rank']}: {rank['samples']} galaxies in {seconds:.2f} s")

    if predictions is None:
        pairs = from_parquet(results / "runs" / summary["run_id"] / "predictions")
    else:
        pairs = from_csv(predictions)
    known = [(spec, pred) for spec, pred in pairs if not math.isnan(spec)]
    if not known:
        sys.exit(f"None of these {len(pairs)} galaxies has a true redshift to compare with.")
    error = math.fsum(abs(pred - spec) for spec, pred in known) / len(known)
    told = summary["prediction_scores"]["mae"]
    print(f"mean |p - z| of {len(known)} galaxies: {error:.6f}; the summary says {told:.6f}")
    if len(pairs) != summary["samples"] or not math.isclose(error, told, rel_tol=1e-4):
        sys.exit("These are not the predictions of this run.")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
