"""Reads the catalogues that write.ts has left with --keep, and compares them with the predictions.

    pip install astropy pyarrow duckdb
    node packages/catalogue/bench/write.ts --formats parquet,fits,votable,ecsv,csv,hats --keep made
    python packages/catalogue/bench/read_back.py made

Parquet by pyarrow and DuckDB, HATS by pyarrow, FITS, VOTable and ECSV by astropy, CSV by DuckDB: every number of every
column bit for bit, the unit of ra, and the run's id; of HATS also that every row is in the file of its pixel.
Prints JSON, and exits with 1 where anything differs. Needs astropy, pyarrow and duckdb.
"""

import json
import sys
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.dataset
import pyarrow.parquet
from astropy.io.votable import parse
from astropy.table import Table

folder = Path(sys.argv[1])
(run,) = (folder / "results" / "runs").iterdir()
ranks = sorted((run / "predictions").glob("*.parquet"), key=lambda file: int(file.stem))
COLUMNS = ["id", "ra", "dec", "z_spec", "z_pred", "flags", *(f"mag_{band}" for band in "ugriz")]


def numbers(column):
    """Values and where there are none."""
    if isinstance(column, pyarrow.ChunkedArray):
        missing = np.asarray(column.is_null())
        column = column.fill_null(0) if missing.any() else column
        return column.to_numpy(), missing
    missing = np.ma.getmaskarray(column)
    return np.asarray(np.ma.filled(column, 0)), missing


def predicted(name):
    tables = [pyarrow.parquet.read_table(file, columns=[name]) for file in ranks]
    return numbers(pyarrow.concat_tables(tables)[name])


def differing(name, column):
    expected, none = predicted(name)
    found, missing = numbers(column)
    if found.shape != expected.shape:
        return max(len(found), len(expected))
    # FITS and VOTable have no null but NaN in columns of floats.
    if found.dtype.kind == "f":
        missing = missing | np.isnan(found)
    both = ~none & ~missing
    return int((missing != none).sum() + (found[both] != expected[both]).sum())


def of_pyarrow(path):
    schema = pyarrow.parquet.read_schema(path)
    unit = (schema.field("ra").metadata or {}).get(b"unit", b"").decode()
    run_id = schema.metadata[b"cosmicai.run_id"].decode()
    return unit, run_id, lambda name: pyarrow.parquet.read_table(path, columns=[name])[name]


def of_hats(path):
    dataset = pyarrow.dataset.parquet_dataset(path / "dataset" / "_metadata")
    properties = dict(line.split("=", 1) for line in (path / "hats.properties").read_text().splitlines()[1:])
    order = int(properties["hats_order"])
    pixels = [int(line.split(",")[1]) for line in (path / "partition_info.csv").read_text().splitlines()[1:]]
    own = [f"Norder={order}/Dir={pixel - pixel % 10000}/Npix={pixel}.parquet" for pixel in pixels]
    if sorted(dataset.files) != sorted(str(path / "dataset" / name) for name in own):
        raise ValueError(f"{path}: partition_info.csv and _metadata name other files")
    index = dataset.to_table(columns=["_healpix_29", "__filename"])
    healpix = index["_healpix_29"].to_numpy()
    in_file = np.array([int(name.rsplit("=", 1)[1].removesuffix(".parquet")) for name in index["__filename"].to_pylist()])
    if (healpix >> 2 * (29 - order) != in_file).any() or (np.diff(healpix) < 0).any():
        raise ValueError(f"{path}: rows in the file of another pixel, or not sorted")
    # Ids ascend in the run.
    by_id = np.argsort(dataset.to_table(columns=["id"])["id"].to_numpy())
    unit = dataset.schema.field("ra").metadata[b"unit"].decode()
    return unit, properties["cosmicai_run_id"], lambda name: dataset.to_table(columns=[name])[name].take(by_id)


def of_duckdb(path, call):
    return None, None, lambda name: duckdb.sql(f"SELECT \"{name}\" FROM {call}('{path}')").to_arrow_table()[name]


def of_table(table, run_id):
    return str(table["ra"].unit), run_id, lambda name: table[name]


def of_votable(path):
    (resource,) = parse(path, verify="exception").resources
    (run_id,) = [info.value for info in resource.infos if info.name == "run_id"]
    return of_table(resource.tables[0].to_table(use_names_over_ids=True), run_id)


def of_fits(path):
    table = Table.read(path, format="fits", memmap=True)
    return of_table(table, table.meta["RUNID"])


def of_ecsv(path):
    table = Table.read(path, format="ascii.ecsv")
    return of_table(table, table.meta["run_id"])


READERS = {
    "parquet": [("pyarrow", of_pyarrow), ("duckdb", lambda path: of_duckdb(path, "read_parquet"))],
    "hats": [("pyarrow", of_hats)],
    "fits": [("astropy", of_fits)],
    "votable": [("astropy", of_votable)],
    "ecsv": [("astropy", of_ecsv)],
    "csv": [("duckdb", lambda path: of_duckdb(path, "read_csv"))],
}

found = []
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for file in sorted(folder.glob("catalogue-*")):
        for reader, read in READERS.get(file.name.rsplit("-", 1)[-1], []):
            unit, run_id, column = read(file)
            differ = {name: count for name in COLUMNS if (count := differing(name, column(name))) > 0}
            told = {"unit_of_ra": unit, "run_id": run_id}
            wrong = differ or unit not in (None, "deg") or run_id not in (None, run.name)
            rows = len(column("id"))
            one = {"file": file.name, "reader": reader, "rows": rows, "differing": differ}
            found.append({**one, **told, "ok": not wrong})
print(json.dumps(found, indent=1))
sys.exit(not found or not all(one["ok"] for one in found))
