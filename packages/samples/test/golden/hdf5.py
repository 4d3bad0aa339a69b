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

with h5py.File("unfit.h5", "w") as f:
    f["image"] = ramp((N, 2, 2), "i4")
    f["half"] = np.arange(N, dtype="f2")
    f["pair"] = np.zeros(N, dtype=[("a", "f4"), ("b", "i4")])
    f.create_dataset("lzf", data=np.zeros((N, 4)), compression="lzf")
    f["seven"] = np.arange(7)
    f["scalar"] = 5
    f["nowhere"] = h5py.SoftLink("/missing")
    f["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")
    f["group/circle"] = f["/"]
    layout = h5py.VirtualLayout(shape=(N,), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(N,))
    f.create_virtual_dataset("virtual", layout)
