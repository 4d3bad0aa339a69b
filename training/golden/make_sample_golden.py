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
from torch.utils.data import ConcatDataset, Subset, TensorDataset

ROWS = 8


def column(values: np.ndarray) -> dict:
    """A column as JSON."""
    flat = values.reshape(-1)
    kind = "text" if values.dtype.kind in "US" else str(values.dtype)
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

    (out / "samples.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
