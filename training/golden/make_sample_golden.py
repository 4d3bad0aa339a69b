"""Small files of samples in every layout that is read, and what PyTorch and NumPy read from them.

    python training/golden/make_sample_golden.py packages/samples/test/golden

samples.json has for each file its columns: type, shape of a row, and all values in C order as text, so that
64-bit whole numbers, NaN and the last bit of a float survive.
"""

import json
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.utils.data import ConcatDataset, Subset, TensorDataset

ROWS = 8


def column(values: np.ndarray) -> dict:
    """A column as JSON."""
    flat = values.reshape(-1)
    kind = "text" if values.dtype.kind in "US" else values.dtype.newbyteorder("=").name
    text = [v.decode("utf-8") if isinstance(v, bytes) else (str(int(v)) if values.dtype == bool else repr(v.item()) if kind != "text" else str(v)) for v in flat]
    return {"type": kind, "shape": list(values.shape[1:]), "values": text}


def main(out: Path) -> None:
    """Writes all files."""
    out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(20260704)
    images = torch.tensor(random.normal(size=(ROWS, 2, 3, 3)), dtype=torch.float32)
    byte_images = torch.tensor(random.integers(0, 256, (ROWS, 3, 3, 2)), dtype=torch.uint8)
    magnitudes = torch.tensor(random.uniform(15, 22, (ROWS, 2)), dtype=torch.float64)
    redshift = torch.tensor(random.uniform(0, 1, ROWS), dtype=torch.float32)
    ids = torch.tensor([2**62 - 3 * row for row in range(ROWS)])
    short = torch.tensor(random.integers(-300, 300, (ROWS, 1)), dtype=torch.int16)
    golden: dict[str, dict] = {}

    def expect(name: str, tensors: dict[str, torch.Tensor]) -> None:
        golden[name] = {key: column(value.numpy()) for key, value in tensors.items()}

    def numbered(*tensors: torch.Tensor) -> dict[str, torch.Tensor]:
        return {str(place): tensor for place, tensor in enumerate(tensors)}

    dataset = TensorDataset(images, magnitudes, redshift, ids)
    torch.save(TensorDataset(images, magnitudes), out / "two.pt")
    expect("two.pt", numbered(images, magnitudes))
    torch.save(TensorDataset(ids, images, short, redshift, magnitudes), out / "five.pt")
    expect("five.pt", numbered(ids, images, short, redshift, magnitudes))
    torch.save((images, magnitudes, redshift), out / "tuple.pt")
    expect("tuple.pt", numbered(images, magnitudes, redshift))
    torch.save([byte_images, ids], out / "list.pt")
    expect("list.pt", numbered(byte_images, ids))
    torch.save(images.half(), out / "alone.pt")
    expect("alone.pt", numbered(images.half().float()))
    torch.save(OrderedDict(img=byte_images, flag=short > 0, half=magnitudes.bfloat16(), ids=ids, epoch=torch.tensor(3)), out / "dict.pt")
    expect("dict.pt", {"img": byte_images, "flag": short > 0, "half": magnitudes.bfloat16().float(), "ids": ids})

    order = [5, 1, 7, 0, 3, 3, 6, 2]
    torch.save(Subset(dataset, order), out / "subset.pt")
    expect("subset.pt", numbered(*(tensor[order] for tensor in dataset.tensors)))
    torch.save(Subset(TensorDataset(images.repeat(3, 1, 1, 1), ids.repeat(3)), range(1, 24, 2)), out / "subset-range.pt")
    expect("subset-range.pt", numbered(images.repeat(3, 1, 1, 1)[1:24:2], ids.repeat(3)[1:24:2]))
    torch.save(Subset(dataset, torch.tensor(order)), out / "subset-tensor.pt")
    expect("subset-tensor.pt", numbered(*(tensor[order] for tensor in dataset.tensors)))
    both = ConcatDataset([Subset(dataset, [6, 4]), dataset, TensorDataset(images[:1], magnitudes[:1], redshift[:1], ids[:1])])
    torch.save(Subset(both, list(range(10, -1, -1))), out / "concat.pt")
    joined = [torch.cat([t[[6, 4]], t, t[:1]])[list(range(10, -1, -1))] for t in dataset.tensors]
    expect("concat.pt", numbered(*joined))
    torch.save(dataset, out / "legacy.pt", _use_new_zipfile_serialization=False)
    expect("legacy.pt", numbered(*dataset.tensors))
    torch.save({"image": images[:, :, ::2], "z": redshift}, out / "legacy-dict.pt", _use_new_zipfile_serialization=False)
    expect("legacy-dict.pt", {"image": images[:, :, ::2], "z": redshift})

    def arrays(name: str, values: dict[str, np.ndarray], skipped: tuple[str, ...] = ()) -> None:
        golden[name] = {key: column(value) for key, value in values.items() if key not in skipped}

    pixels = images.numpy()
    stored = {
        "image": pixels.astype(">f4"),
        "half": pixels.astype("f2"),
        "turned": np.asfortranarray(pixels.astype("i2")),
        "mag_g": magnitudes.numpy()[:, 0],
        "mag_r": magnitudes.numpy()[:, 1].astype(">f8"),
        "objid": (ids.numpy().astype("u8") + np.uint64(2**63)).astype(">u8"),
        "short": short.numpy(),
        "flag": short.numpy() > 0,
        "field": np.array([f"tract é {row}" for row in range(ROWS)]),
        "tile": np.array([f"t{row}" for row in range(ROWS)], dtype="S5"),
        "big": np.array([f"ü{row}" for row in range(ROWS)], dtype=">U3"),
        "epoch": np.array(2000.0),
        "bands": np.array(["g", "r"]),
        "objects": np.array([{}] * ROWS, dtype=object),
        "record": np.zeros(ROWS, dtype=[("ra", "f8"), ("dec", "f8")]),
    }
    skipped = ("epoch", "bands", "objects", "record")
    np.savez(out / "stored.npz", **stored)
    arrays("stored.npz", {**stored, "half": stored["half"].astype("f4")}, skipped)
    packed = {key: stored[key] for key in ("image", "turned", "mag_g", "mag_r", "field", "objid")}
    np.savez_compressed(out / "packed.npz", **packed)
    arrays("packed.npz", packed)
    np.savez(out / "unnamed.npz", pixels, magnitudes.numpy(), redshift.numpy())
    arrays("unnamed.npz", {"arr_0": pixels, "arr_1": magnitudes.numpy(), "arr_2": redshift.numpy()})
    np.save(out / "cube.npy", byte_images.numpy())
    arrays("cube.npy", {"0": byte_images.numpy()})
    np.save(out / "fortran.npy", np.asfortranarray(pixels.astype(">i4")))
    arrays("fortran.npy", {"0": pixels.astype("i4")})
    tensors = {"image": images, "half": images.half(), "brain": magnitudes.bfloat16(), "img": byte_images, "z": redshift, "id": ids, "short": short, "flag": short > 0, "scalar": torch.tensor(1.0)}
    save_file(tensors, out / "tensors.safetensors", metadata={"survey": "HSC"})
    expect("tensors.safetensors", {**{key: value for key, value in tensors.items() if key not in ("scalar", "half", "brain")}, "half": images.half().float(), "brain": magnitudes.bfloat16().float()})

    (out / "samples.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
