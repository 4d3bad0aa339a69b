"""Golden files of packages/torchfile: what real torch writes, and what it says is in there.

    python training/golden/make_torchfile_golden.py packages/torchfile/test/golden

Needs torch 2.x and numpy. Every file gets an entry in golden.json: for each tensor its type, shape and the SHA-256 of its
elements in C order, little-endian; for each partition the SHA-256 of what batches must hold (float32 cutouts, float64
magnitudes and redshifts).
"""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset

CUTOUT = 32
SEED = 20200

golden = {"torch": torch.__version__.split("+")[0], "partitions": {}, "tensors": {}}


def raw_bytes(tensor):
    """Elements in C order, little-endian; bfloat16 and the like as their bits."""
    tensor = tensor.detach().cpu().contiguous().clone()
    if tensor.numel() == 0:
        return b""
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def describe(tensors):
    return {
        name: {
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "shape": list(tensor.shape),
            "sha256": sha256(raw_bytes(tensor)),
        }
        for name, tensor in tensors.items()
    }


def describe_partition(images, magnitudes, redshift):
    """What a reader hands out, computed with numpy."""
    margin = (images.shape[-1] - CUTOUT) // 2
    cutouts = images[..., margin : margin + CUTOUT, margin : margin + CUTOUT].to(torch.float32).contiguous()
    return {
        "count": images.shape[0],
        "imageShape": list(images.shape[1:]),
        "dtypes": [str(t.dtype).removeprefix("torch.") for t in (images, magnitudes, redshift)],
        "images": sha256(cutouts.numpy().astype("<f4").tobytes()),
        "magnitudes": sha256(magnitudes.to(torch.float64).contiguous().numpy().astype("<f8").tobytes()),
        "redshift": sha256(redshift.to(torch.float64).contiguous().numpy().astype("<f8").tobytes()),
    }


def partition(out, name, images, magnitudes, redshift, **options):
    torch.save(TensorDataset(images, magnitudes, redshift), out / name, **options)
    golden["partitions"][name] = describe_partition(images, magnitudes, redshift)


def rewritten(source, target, compression=zipfile.ZIP_STORED, drop=(), change=lambda name, data: data):
    """The same archive as other tools or other machines would have written it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for info in old.infolist():
            inner = info.filename.split("/", 1)[1]
            if inner not in drop:
                entry = zipfile.ZipInfo(info.filename)
                entry.compress_type = compression
                new.writestr(entry, change(inner, old.read(info)))


class PatchEmbedding(nn.Module):
    """Assigning a plain attribute to a parameter makes torch pickle it with its state."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(5, 3, kernel_size=2, stride=2, bias=False)
        self.proj.weight.used_by = "patches"
        self.grid = (2, 2)

    def forward(self, x):
        return self.proj(x)


class SmallNet(nn.Module):
    """One of everything that a whole-model checkpoint may hold."""

    def __init__(self):
        super().__init__()
        self.patches = PatchEmbedding()
        self.norm = nn.BatchNorm2d(3, eps=1e-6)
        self.head = nn.Sequential(nn.Linear(12, 4), nn.GELU(), nn.Linear(4, 1))
        self.again = self.head[0]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 3))
        self.register_buffer("scale", torch.tensor(0.5, dtype=torch.float64))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)
        self.register_parameter("absent", None)
        self.device = torch.device("cuda", 0)
        self.activation = nn.functional.relu
        self.make_norm = nn.LayerNorm
        self.options = {"depth": 12, "ratio": 0.25, "names": ["a", "b"], "seen": {1}, "huge": 2**70}
        self.size = torch.Size([2, 3])

    def forward(self, x):
        return self.head(self.norm(self.patches(x)).flatten(1))


def partitions(out):
    n = 6
    images = torch.randn(n, 5, 32, 32)
    magnitudes = torch.rand(n, 5, dtype=torch.float64) * 5 + 15
    redshift = torch.rand(n)
    partition(out, "partition.pt", images, magnitudes, redshift)
    partition(out, "partition-protocol5.pt", images[:2].clone(), magnitudes[:2].clone(), redshift[:2].clone(), pickle_protocol=5)
    partition(out, "partition-64.pt", torch.randn(2, 5, 64, 64).half(), magnitudes[:2].float(), redshift[:2, None].bfloat16())
    partition(out, "partition-33.pt", torch.randn(2, 5, 33, 33), magnitudes[:2].clone(), redshift[:2].double())
    # A view of a larger storage, every second sample, channels last: offsets and strides.
    base = torch.randn(5, 32, 32, 5)
    partition(out, "partition-strided.pt", base[1::2].permute(0, 3, 1, 2), magnitudes[1:3], redshift[::3])
    partition(out, "partition-empty.pt", images[:0].clone(), magnitudes[:0].clone(), redshift[:0].clone())

    small = out / "partition-protocol5.pt"
    rewritten(small, out / "partition-deflated.pt", zipfile.ZIP_DEFLATED)
    optional = (".format_version", ".storage_alignment", "byteorder", ".data/serialization_id")
    rewritten(small, out / "partition-torch16.pt", drop=optional)
    golden["partitions"]["partition-torch16.pt"] = golden["partitions"][small.name]

    def to_big_endian(name, data):
        if name == "byteorder":
            return b"big"
        width = {"data/0": 4, "data/1": 8, "data/2": 4}.get(name)
        return np.frombuffer(data, f"<u{width}").byteswap().tobytes() if width else data

    rewritten(small, out / "partition-big-endian.pt", change=to_big_endian)
    loaded = torch.load(out / "partition-big-endian.pt", weights_only=False)
    golden["partitions"]["partition-big-endian.pt"] = describe_partition(*loaded.tensors)
    # Samples on the last axis: no range of samples is a range of bytes.
    torch.save(TensorDataset(torch.randn(5, 32, 32, 5).permute(3, 0, 1, 2), magnitudes[:5].clone(), redshift[:5].clone()), out / "partition-samples-last.pt")
    torch.save(TensorDataset(torch.randn(2, 3, 32, 32), torch.randn(2, 5), torch.randn(2)), out / "three-bands.pt")


def tensors(out):
    shared = torch.arange(12, dtype=torch.float32)
    values = {
        "float64": torch.randn(2, 3, dtype=torch.float64),
        "float32": torch.randn(2, 3),
        "float16": torch.tensor([0.0, -0.0, 1.5, -2.25, 65504.0, 6e-8, float("inf"), float("-inf")]).half(),
        "bfloat16": torch.tensor([0.0, 1.5, -3.0e38, 1e-40, float("inf")]).bfloat16(),
        "int64": torch.tensor([-(2**62), -1, 0, 2**53 + 1]),
        "int32": torch.tensor([-(2**31), 7], dtype=torch.int32),
        "int16": torch.tensor([-(2**15), 7], dtype=torch.int16),
        "int8": torch.tensor([-128, 127], dtype=torch.int8),
        "uint8": torch.tensor([0, 255], dtype=torch.uint8),
        "uint16": torch.tensor([0, 65535], dtype=torch.uint16),
        "uint32": torch.tensor([0, 2**32 - 1], dtype=torch.uint32),
        "uint64": torch.tensor([0, 2**63], dtype=torch.uint64),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(3.25),
        "empty": torch.zeros(0, 4),
        "shared": shared,
        "shared.window": shared[2:10:2],
        "shared.transposed": shared.view(3, 4).t(),
        "expanded": torch.tensor([1.0, 2.0]).expand(3, 2),
        "parameter": nn.Parameter(torch.randn(2, 2)),
    }
    torch.save(values, out / "tensors.pt")
    golden["tensors"]["tensors.pt"] = describe(values)
    decoded = {"float16": values["float16"].double().tolist(), "bfloat16": values["bfloat16"].double().tolist()}
    golden["values"] = json.loads(json.dumps(decoded).replace("-Infinity", '"-inf"').replace("Infinity", '"inf"'))

    torch.save({"a": torch.zeros(3)}, out / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"a": torch.zeros(2, dtype=torch.complex64)}, out / "complex.pt")
    torch.save({"a": torch.eye(3).to_sparse()}, out / "sparse.pt")
    torch.save({"a": torch._neg_view(torch.arange(3.0))}, out / "negated.pt")
    torch.serialization.set_crc32_options(False)
    torch.save({"a": torch.arange(3.0)}, out / "without-crc32.pt")
    torch.serialization.set_crc32_options(True)
    golden["tensors"]["without-crc32.pt"] = describe({"a": torch.arange(3.0)})
    script = io.BytesIO()
    torch.jit.save(torch.jit.script(nn.Linear(2, 1)), script)
    # Debug records name the folders of the machine that made them.
    debug = [name.split("/", 1)[1] for name in zipfile.ZipFile(script).namelist() if name.endswith(".debug_pkl")]
    rewritten(script, out / "torchscript.pt", drop=debug)


def models(out):
    net = SmallNet()
    torch.save(net, out / "module.pt")
    golden["tensors"]["module.pt"] = describe(net.state_dict())
    torch.save(net.state_dict(), out / "state-dict.pt")
    golden["tensors"]["state-dict.pt"] = describe(net.state_dict())
    torch.save({"epoch": torch.tensor(7), "model": net.state_dict(), "lr": 0.1}, out / "checkpoint.pt")
    golden["tensors"]["checkpoint.pt"] = describe(net.state_dict())


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    partitions(out)
    tensors(out)
    models(out)
    (out / "golden.json").write_text(json.dumps(golden, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
