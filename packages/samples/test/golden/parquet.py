"""Makes the golden Parquet files of this folder, with pyarrow 25 and numpy 2: python parquet.py

Values are told by their places, so that tests know them without these files.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

N = 8
images = (np.arange(N * 18) % 251 / 8).reshape(N, 2, 3, 3).astype("f4")
ids = np.arange(N, dtype="i8") + 2**60 + 1
nested = pa.list_(pa.list_(pa.list_(pa.float32())))
npy = []
for image in images:
    file = io.BytesIO()
    np.save(file, image)
    npy.append(file.getvalue())

scalars = {
    "object_id": pa.array(ids),
    "z": pa.array([None if at == 2 else at / 7 for at in range(N)], pa.float64()),
    "gaps": pa.array([None if at == 3 else at for at in range(N)], pa.int32()),
    "missing": pa.array([None if at in (0, 4) else 2**60 + 1 + at for at in range(N)], pa.int64()),
    "star": pa.array([None if at == 1 else at % 2 == 0 for at in range(N)]),
    "large": pa.array(ids.astype("u8") + 2**63 - 2**60),
    "small": pa.array(np.arange(N, dtype="u1")),
    "half": pa.array(np.arange(N).astype("f2")),
    "flag": pa.array([at % 2 == 0 for at in range(N)]),
    "name": pa.array([f"gal é {at}" for at in range(N)]),
}
pq.write_table(
    pa.table({"image": pa.array(images.tolist(), nested), **scalars}), "nested.parquet", row_group_size=3
)
structs = pa.array([{"bytes": one, "path": None} for one in npy], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
fixed = pa.FixedSizeListArray.from_arrays(pa.array(images.ravel()), 18)
others = {"image": structs, "fixed": fixed, "raw": pa.array([one.tobytes() for one in images])}
pq.write_table(pa.table(others), "bytes.parquet", row_group_size=5, compression="zstd")
unfit = {
    "z": pa.array([0.5] * N),
    "when": pa.array([0] * N, pa.timestamp("us")),
    "ragged": pa.array([[1.0] * (1 + at) for at in range(N)]),
    "picture": pa.array([b"\x89PNG\r\n"] * N),
    "odd": pa.array([b"abc"] * N),
    "pair": pa.array([{"a": 1}] * N),
}
pq.write_table(pa.table(unfit), "unfit.parquet", compression="gzip")
empty = {"image": pa.array([], pa.list_(pa.float32())), "raw": pa.array([], pa.binary()), "z": pa.array([], pa.float64())}
pq.write_table(pa.table(empty), "empty.parquet")
