"""Makes the golden HDF5 files of this folder, with h5py 3.16 and numpy 2: python hdf5.py

Values are told by their places, so that tests know them without these files.
"""

import h5py
import numpy as np

N = 8


def ramp(shape, dtype):
    return (np.arange(np.prod(shape)) % 251 / (8 if np.dtype(dtype).kind == "f" else 1)).reshape(shape).astype(dtype)


# As GalaxiesML has it (https://zenodo.org/records/11117528), smaller: images of five bands, scalars beside them.
with h5py.File("galaxiesml.h5", "w") as f:
    f["image"] = ramp((N, 5, 6, 6), "f4")
    f["object_id"] = np.arange(N, dtype="i8") + 2**60 + 1
    f["specz_redshift"] = np.arange(N) / 7
    for band in "grizy":
        f[f"{band}_cmodel_mag"] = np.arange(N, dtype="f4") + ord(band)

# As Galaxy10 has it, smaller: channels last, in chunks with every filter that is read; and what files may have besides.
with h5py.File("galaxy10.h5", "w") as f:
    packed = dict(chunks=(3, 5, 5, 3), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("images", data=ramp((N, 5, 5, 3), "u1"), **packed)
    summed = dict(chunks=(8,), fletcher32=True)
    f.create_dataset("ans", data=np.arange(N, dtype="u1"), **summed)
    f.create_dataset("meta/big", data=np.arange(N, dtype=">i2") - 4, **summed)
    f.create_dataset("meta/flag", data=np.arange(N) % 2 == 0, **summed)
    f.create_dataset("meta/large", data=np.arange(N, dtype="u8") + 2**63, **summed)
    f["meta/name"] = [f"gal é {at}" for at in range(N)]
    f.create_dataset("meta/fixed", data=np.array([b"ab", b"c"] * (N // 2)), **summed)

# As catalogues of simulations and pandas' tables lie in groups; the columns of a table are one dataset.
with h5py.File("groups.h5", "w") as f:
    f.create_dataset("data/stamps/image", data=ramp((N, 2, 2, 2), "f2"), chunks=(3, 2, 2, 2), compression="gzip")
    table = np.zeros(
        N, dtype=[("objid", ">i8"), ("specz", "f4"), ("half", "f2"), ("name", "S6"), ("mags", "f8", (2,)), ("ok", "?"), ("at", [("ra", "f8"), ("dec", "f8")])]
    )
    table["objid"] = np.arange(N, dtype="i8") + 2**60 + 1
    table["specz"] = np.arange(N) / 4
    table["half"] = [0, 1, -2.5, 65504, np.inf, 6e-8, 1e-5, -0.0]
    table["name"] = [b"ab", b"c"] * (N // 2)
    table["mags"] = np.arange(2 * N).reshape(N, 2)
    table["ok"] = np.arange(N) % 2 == 0
    table["at"]["ra"], table["at"]["dec"] = np.arange(N) * 10, -np.arange(N)
    f.create_dataset("catalogue/objects", data=table, chunks=(3,), compression="gzip", fletcher32=True)
    pair = np.zeros(N, dtype=[("flux", ">f4"), ("number", ">i2")])
    pair["flux"], pair["number"] = np.arange(N) / 2, np.arange(N) - 4
    f["catalogue/big"] = pair

with h5py.File("unfit.h5", "w") as f:
    f["image"] = ramp((N, 2, 2), "i4")
    f["long"] = np.arange(N, dtype="g")
    pair = np.zeros(N, dtype=[("a", "f4"), ("name", h5py.string_dtype())])
    pair["name"] = "x"
    f["pair"] = pair
    f["lists"] = np.zeros(N, dtype=[("words", "S3", (2,))])
    f.create_dataset("lzf", data=np.zeros((N, 4)), compression="lzf")
    f["seven"] = np.arange(7)
    f["scalar"] = 5
    f["nowhere"] = h5py.SoftLink("/missing")
    f["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")
    f["group/circle"] = f["/"]
    layout = h5py.VirtualLayout(shape=(N,), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(N,))
    f.create_virtual_dataset("virtual", layout)
