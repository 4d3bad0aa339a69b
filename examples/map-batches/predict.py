"""Predicts partitions by map_batches of Ray, by a bag of Dask, or in plain Python, and writes predictions as Parquet.

python3 predict.py model.onnx OUT 1.pt 2.pt …

Same model and, but for the flags, same columns as predictions/<rank>.parquet of a run.
"""

import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import torch
from pyarrow import parquet

BATCH = 32


class Predict:
    """A session for each worker, which is given batches of columns."""

    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, batch):
        inputs = {"image": np.stack(batch.pop("image")), "magnitudes": np.stack(batch["magnitudes"])}
        (redshifts,) = self.session.run(None, inputs)
        bands = {f"mag_{band}": column for band, column in zip("ugriz", np.stack(batch.pop("magnitudes")).T)}
        return {**batch, "z_pred": redshifts.reshape(-1), **bands}


def rows(path):
    """The galaxies of a partition."""
    images, magnitudes, redshifts = torch.load(path, weights_only=False).tensors[:3]
    for index, (image, mags, z) in enumerate(zip(images.numpy(), magnitudes.numpy(), redshifts.numpy())):
        yield {"partition": Path(path).name, "index": index, "z_spec": float(z), "image": image.astype("f4"), "magnitudes": mags.astype("f4")}


def write(model, out, rank, path):
    """The predictions of a partition as a file, without Ray."""
    predict, galaxies = Predict(model), list(rows(path))
    batches = [galaxies[start : start + BATCH] for start in range(0, len(galaxies), BATCH)]
    columns = [predict({name: [row[name] for row in batch] for name in batch[0]}) for batch in batches]
    parquet.write_table(pa.concat_tables(map(pa.table, columns)), Path(out) / f"{rank}.parquet")


def main(model, out, *paths):
    Path(out).mkdir(exist_ok=True)
    if find_spec("ray") is not None:
        import ray

        galaxies = ray.data.from_items(list(paths)).flat_map(lambda item: rows(item["item"]))
        # From one worker on: a pool that took every core would leave none to read with, and nothing would ever come.
        galaxies.map_batches(Predict, fn_constructor_args=[model], batch_size=BATCH, concurrency=(1, 4)).write_parquet(out)
    elif find_spec("dask") is not None:
        import dask.bag

        dask.bag.from_sequence(enumerate(paths)).starmap(partial(write, model, out)).compute()
    else:
        for rank, path in enumerate(paths):
            write(model, out, rank, path)
    print(f"{sum(parquet.read_metadata(file).num_rows for file in Path(out).glob('*.parquet'))} galaxies")


if __name__ == "__main__":
    main(*sys.argv[1:])
