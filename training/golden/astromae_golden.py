"""Golden files for the AstroMAE compiler: checkpoints, partitions and what PyTorch predicts.

    python training/golden/astromae_golden.py small packages/astromae/test/golden
    python training/golden/astromae_golden.py hostile packages/astromae/test/golden/hostile
    python training/golden/astromae_golden.py full OUT --seed 1 --samples 64

small: the committed configurations, some 3 MB; hostile: files that must be refused; full: the published configuration.

Each configuration makes NAME.pt (the checkpoint, in one of the forms users hold) and NAME.json (the configuration, the
partition it belongs to, the predictions of PyTorch in float32 and, as the yardstick of both, in float64).
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import struct
import sys
import types
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import astromae_model  # noqa: E402
from astromae_model import AstroMaeConfig, ViT_Astro, count_parameters  # noqa: E402

# Narrow layers around an encoder that varies: what is compared is arithmetic, and the files are committed.
NARROW = AstroMaeConfig(
    stem=6,
    inception_widths=(4, 4, 3, 3, 2),
    encoder_features=20,
    inception_features=24,
    magnitude_features=16,
    fusion=12,
)


@dataclass(frozen=True)
class Golden:
    config: AstroMaeConfig
    # How the checkpoint was saved: the module wrapped in DataParallel, the bare module, its state_dict, the state_dict
    # of the wrapped module (names begin with "module."), or one of these under the key "model" of a dict.
    form: str


def narrow(**encoder) -> AstroMaeConfig:
    return replace(NARROW, **encoder)


SMALL = {
    "cells-k1-g48": Golden(narrow(embedding=48, depth=2, heads=6, mlp_ratio=1, pcm_groups=48), "data-parallel"),
    "cells-k3-g64-nobias": Golden(
        narrow(patch_size=4, embedding=64, depth=1, heads=4, mlp_ratio=1, pcm_kernel=3, pcm_groups=64, qv_bias=False),
        "module",
    ),
    "cells-k3-g1-patch4": Golden(
        narrow(patch_size=4, embedding=24, depth=2, heads=3, mlp_ratio=1, pcm_kernel=3, pcm_groups=1), "state-dict"
    ),
    "cells-k1-g192": Golden(
        narrow(patch_size=4, embedding=192, depth=1, heads=12, mlp_ratio=1, mlp_hidden=16, pcm_groups=192),
        "data-parallel",
    ),
    "cells-deep": Golden(
        narrow(embedding=12, depth=12, heads=12, mlp_ratio=2, pcm_groups=1), "prefixed-state-dict"
    ),
    "cells-k3-g48-patch4": Golden(
        narrow(
            patch_size=4, embedding=48, depth=1, heads=1, mlp_ratio=1, pcm_kernel=3, pcm_groups=48, norm_eps=1e-5
        ),
        "data-parallel",
    ),
    "plain-patch8": Golden(narrow(embedding=36, depth=2, heads=6, mlp_ratio=2, pcm=False), "wrapped-module"),
    "plain-small-image-nobias": Golden(
        narrow(image_size=16, patch_size=4, embedding=24, depth=2, heads=1, pcm=False, qv_bias=False),
        "wrapped-state-dict",
    ),
}


def natural_partition(samples: int, side: int, seed: int) -> TensorDataset:
    """Galaxies as the compiler will meet them: sky noise plus an exponential disc, nanomaggies; magnitudes 14 to 22."""
    rng = np.random.default_rng(seed)
    colours = np.array([2.0, 0.7, 0.0, -0.3, -0.5]) + rng.normal(0, 0.2, (samples, 5))
    magnitudes = rng.uniform(15, 20, (samples, 1)) + colours
    radius = rng.uniform(1.5, 6, (samples, 1, 1, 1)) * side / 32
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    disc = np.exp(-np.hypot(x, y) / radius)
    flux = 10 ** ((22.5 - magnitudes) / 2.5)
    noise = rng.normal(0, 1, (samples, 5, side, side)) * np.array([0.09, 0.03, 0.04, 0.06, 0.2])[:, None, None]
    images = flux[:, :, None, None] * disc / disc.sum(axis=(2, 3), keepdims=True) + noise
    return TensorDataset(
        torch.tensor(images, dtype=torch.float32),
        torch.tensor(magnitudes, dtype=torch.float64),
        torch.tensor(rng.uniform(0.02, 0.6, samples), dtype=torch.float64),
    )


def random_model(config: AstroMaeConfig, data: TensorDataset, seed: int) -> ViT_Astro:
    """A model whose every tensor matters: no zero bias, no unit scale, and predictions at the scale of redshifts."""
    torch.manual_seed(seed)
    model = ViT_Astro(config).eval()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            if name.endswith("running_var") or (name.endswith("weight") and tensor.ndim == 1):
                tensor.uniform_(0.5, 1.5)
            elif name.endswith("weight"):
                tensor.normal_(0, tensor[0].numel() ** -0.5)
            else:
                tensor.normal_(0, 0.1)
        # Magnitudes near 18 would drown the image: centre them as a trained first layer does.
        first = model.inception_model.magnitude_block[0]
        first.bias -= first.weight @ torch.full((config.magnitudes,), 18.0)
        last = model.concat_block[2]
        spread, mean = torch.std_mean(predict(model, data))
        last.weight *= 0.15 / spread
        last.bias.copy_(0.3 + (last.bias - mean) * 0.15 / spread)
    # The published training code set a misspelt `requires_grad` on these; it travels in the file as extra state.
    for parameter in model.patch_embed.parameters():
        parameter.requres_grad = False
    return model


def predict(model: nn.Module, data: TensorDataset, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    images, magnitudes, _ = data.tensors
    with torch.no_grad():
        return model([images.to(dtype), magnitudes.float().to(dtype)])[:, 0]


def float64_predictions(model: nn.Module, data: TensorDataset) -> torch.Tensor:
    exact = copy.deepcopy(model).double()
    # The model casts magnitudes to float32, which the float64 yardstick must not.
    block = exact.inception_model.magnitude_block
    exact.inception_model.forward = lambda inputs: torch.cat(
        (exact.inception_model.vis_inception(inputs[0]), block(inputs[1])), dim=1
    )
    return predict(exact, data, torch.float64)


def published_names(pcm: bool) -> None:
    """Puts the classes where the users' checkpoints have them, so that files written here name the same globals."""
    places = {
        "blocks.model_vit_inception": ["ViT_Astro"],
        "blocks.photoz": ["Input_Mix_Model", "InceptionBlock", "ConvBlock"],
        "timm.models.layers.patch_embed": ["PatchEmbed"],
    }
    if pcm:
        places["NormalCell"] = ["NormalCell", "Attention", "Mlp"]
    else:
        places |= {"timm.models.vision_transformer": ["Block", "Attention"], "timm.models.layers.mlp": ["Mlp"]}
    for path, names in places.items():
        # pickle imports the module, its parents first, to check that the name leads to the class.
        parts = path.split(".")
        for depth in range(len(parts)):
            parent = ".".join(parts[: depth + 1])
            sys.modules.setdefault(parent, types.ModuleType(parent))
        for name in names:
            cls = getattr(astromae_model, name)
            cls.__module__ = path
            setattr(sys.modules[path], name, cls)


def save_checkpoint(model: ViT_Astro, form: str, path: Path) -> None:
    published_names(pcm=hasattr(model.blocks[0], "PCM"))
    wrapped = nn.DataParallel(model)
    saved = {
        "data-parallel": lambda: wrapped,
        "module": lambda: model,
        "state-dict": model.state_dict,
        "prefixed-state-dict": wrapped.state_dict,
        "wrapped-module": lambda: {"model": wrapped, "epoch": 3},
        "wrapped-state-dict": lambda: {"model": wrapped.state_dict(), "epoch": 3},
    }[form]()
    torch.save(saved, path)


def write_golden(out: Path, name: str, golden: Golden, data: TensorDataset, partition: str, seed: int) -> None:
    model = random_model(golden.config, data, seed)
    save_checkpoint(model, golden.form, out / f"{name}.pt")
    record = {
        "name": name,
        "form": golden.form,
        "seed": seed,
        "torch": torch.__version__,
        "config": asdict(golden.config),
        "parameters": count_parameters(model)[0],
        "partition": partition,
        # Enough digits to name every float32.
        "predictions": [float(f"{value:.9g}") for value in predict(model, data).tolist()],
        "predictions_float64": float64_predictions(model, data).tolist(),
    }
    (out / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


def write_small(out: Path) -> None:
    for side in sorted({golden.config.image_size for golden in SMALL.values()}):
        data = natural_partition(5, side, seed=side)
        # Partitions hold cutouts of 32 pixels or more: other sizes go into a plain dict.
        named = dict(zip(("images", "magnitudes", "redshift"), data.tensors))
        torch.save(data if side == 32 else named, out / f"galaxies-{side}.pt")
    for seed, (name, golden) in enumerate(SMALL.items(), start=1):
        partition = f"galaxies-{golden.config.image_size}.pt"
        data = natural_partition(5, golden.config.image_size, seed=golden.config.image_size)
        write_golden(out, name, golden, data, partition, seed)


def write_full(out: Path, seed: int, samples: int) -> None:
    data = natural_partition(samples, 32, seed)
    torch.save(data, out / "galaxies.pt")
    write_golden(out, "published", Golden(AstroMaeConfig(), "data-parallel"), data, "galaxies.pt", seed)


# What a hostile file would do if anything in it ran: leave this file behind.
MARK = "hostile-checkpoint-ran"


class Reduces:
    """Pickles as a call of os.system, the way every exploit of pickle begins."""

    def __reduce__(self):
        return os.system, (f"touch {MARK}",)


def write_hostile(out: Path) -> None:
    torch.save({"model": Reduces()}, out / "os-system.pt")
    call = f"c__builtin__\neval\n(X".encode() + struct.pack("<I", len(EVALUATED)) + EVALUATED + b"tR."
    write_torch_zip(out / "builtins-eval.pt", b"\x80\x02" + call)
    # 64 MiB of empty tuples, deflated to 65 kB.
    write_torch_zip(out / "zip-bomb.pt", b"\x80\x02" + b")" * 2**26 + b".", zipfile.ZIP_DEFLATED)
    cycle = nn.Module()
    cycle._modules["module"] = cycle
    torch.save(cycle, out / "cyclic-memo.pt")


EVALUATED = f"open('{MARK}', 'w')".encode()


def write_torch_zip(path: Path, pickled: bytes, method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), pickled, method)
        archive.writestr(zipfile.ZipInfo("archive/version"), b"3\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=["small", "full", "hostile"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=int, default=64)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    # One thread: PyTorch's sums, and so the last digits, depend on how work is split.
    torch.set_num_threads(1)
    if options.which == "small":
        write_small(options.out)
    elif options.which == "hostile":
        write_hostile(options.out)
    else:
        write_full(options.out, options.seed, options.samples)


if __name__ == "__main__":
    main()
