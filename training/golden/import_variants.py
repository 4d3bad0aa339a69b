"""What the importer is held against: networks of AstroMAE's family in the forms that users save them in, and what PyTorch predicts.

    python training/golden/import_variants.py files OUT
    python training/golden/import_variants.py golden packages/astromae/test/golden/networks/networks.json

files: a checkpoint for each network and form, the samples, and variants.json with the predictions. golden: names, shapes and
predictions only; weights and samples are those of `pattern`, which the tests calculate themselves.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import astromae_model  # noqa: E402
from astromae_model import AstroMaeConfig, Block, NormalCell, PatchEmbed, ViT_Astro  # noqa: E402

SAMPLES = 5

TINY = AstroMaeConfig(
    embedding=12,
    depth=2,
    heads=3,
    mlp_ratio=1,
    pcm_groups=4,
    stem=4,
    inception_widths=(2, 3, 2, 2, 1),
    encoder_features=10,
    inception_features=9,
    magnitude_features=8,
    magnitude_hidden_layers=2,
    fusion=7,
)


class Fused(ViT_Astro):
    """The whole network, with a head of several bins where these are asked for. Saved under the name of its class."""

    def __init__(self, config: AstroMaeConfig, bins: int = 1):
        super().__init__(config)
        self.concat_block[2] = nn.Linear(config.fusion, bins)


class Mix(astromae_model.Input_Mix_Model):
    """Inception by itself, as the flags of the published class make it: with magnitudes or without, with a head or none."""

    def __init__(self, config: AstroMaeConfig, only: bool, magnitude: bool, head: bool, bins: int = 1):
        super().__init__(config)
        self.Inception_only, self.magnitude, self.uk_paper = only, magnitude, head
        if only:
            self.Inception_head_block = nn.Sequential(nn.ReLU(), nn.Linear(config.inception_features, bins))
        elif magnitude and head:
            joined = config.inception_features + config.magnitude_features
            self.head_incept_mag = nn.Sequential(
                nn.Linear(joined, config.fusion), nn.ReLU(), nn.Linear(config.fusion, bins)
            )
        if only or not magnitude:
            del self.magnitude_block

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        image, magnitudes = inputs
        features = self.vis_inception(image)
        if self.Inception_only:
            return self.Inception_head_block(features)
        if not self.magnitude:
            return features
        joined = torch.cat((features, self.magnitude_block(magnitudes.float())), dim=1)
        return self.head_incept_mag(joined) if self.uk_paper else joined


class Magnitudes(nn.Module):
    def __init__(self, config: AstroMaeConfig):
        super().__init__()
        layers = astromae_model.magnitude_layers(config)
        self.magnitude_block = nn.Sequential(*layers, nn.ReLU(), nn.Linear(config.magnitude_features, 1))

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        return self.magnitude_block(inputs[1].float())


class VisionTransformer(nn.Module):
    """Tokens, blocks, one Linear layer or none (no bins); the mean of the patches or the class token in between."""

    def __init__(self, config: AstroMaeConfig, pool: str, bins: int = 1):
        super().__init__()
        width = config.embedding
        self.global_pool = pool
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + config.patches, width))
        self.patch_embed = PatchEmbed(config.image_size, config.patch_size, config.channels, width)
        self.pos_drop = nn.Dropout(0.1)
        self.blocks = nn.Sequential(*((NormalCell if config.pcm else Block)(config) for _ in range(config.depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6) if pool == "token" else nn.Identity()
        self.fc_norm = nn.LayerNorm(width, eps=1e-6) if pool == "avg" else nn.Identity()
        self.head = nn.Linear(width, bins) if bins > 0 else nn.Identity()

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        patches = self.patch_embed(inputs[0])
        tokens = torch.cat((self.cls_token.expand(len(patches), -1, -1), patches), dim=1) + self.pos_embed
        tokens = self.norm(self.blocks(self.pos_drop(tokens)))
        return self.head(self.fc_norm(tokens[:, 1:].mean(dim=1) if self.global_pool == "avg" else tokens[:, 0]))


class FreeTransformer(VisionTransformer):
    """All of it fine-tuned: nothing of the encoder frozen."""


PLAIN = replace(TINY, pcm=False)
LARGE = replace(TINY, image_size=64, channels=3, magnitudes=3, patch_size=16, pcm_kernel=3, qv_bias=False)

NETWORKS = {
    "astromae": lambda: Fused(TINY),
    "astromae-plain-blocks": lambda: Fused(PLAIN),
    "astromae-64px-3-bands": lambda: Fused(LARGE),
    "astromae-density": lambda: Fused(TINY, bins=11),
    "inception-magnitudes": lambda: Mix(TINY, only=False, magnitude=True, head=True),
    "inception": lambda: Mix(TINY, only=True, magnitude=False, head=False),
    "inception-density": lambda: Mix(TINY, only=True, magnitude=True, head=False, bins=6),
    "inception-magnitudes-features": lambda: Mix(TINY, only=False, magnitude=True, head=False),
    "magnitudes": lambda: Magnitudes(TINY),
    "vit": lambda: VisionTransformer(PLAIN, "avg"),
    "vit-frozen": lambda: frozen(VisionTransformer(PLAIN, "avg")),
    "vit-class-token": lambda: VisionTransformer(PLAIN, "token", bins=4),
    "vit-embedding": lambda: VisionTransformer(PLAIN, "token", bins=0),
    "vit-uncertainty": lambda: VisionTransformer(PLAIN, "avg", bins=2),
}


def frozen(model: VisionTransformer) -> VisionTransformer:
    for part in (model.patch_embed, model.blocks):
        part.requires_grad_(False)
    model.cls_token.requires_grad = model.pos_embed.requires_grad = False
    return model


def pattern(count: int, seed: int) -> np.ndarray:
    """Numbers from -1 to 1 that any language calculates alike."""
    index = np.arange(count, dtype=np.int64)
    return ((31 * index * index + 7919 * index + 104729 * seed) % 2003) / 1001 - 1


def filled(model: nn.Module) -> nn.Module:
    """Every tensor matters: no zero bias, no unit scale. Answers stay at the scale of redshifts."""
    state = model.eval().state_dict()
    names = sorted(held(model))
    last = max((n for n in state if n.endswith("weight") and state[n].ndim == 2), key=list(state).index)
    for seed, name in enumerate(names):
        if "conv2d_init" in name:
            continue
        tensor = state[name]
        values = pattern(tensor.numel(), seed)
        if name.endswith("running_var") or (name.endswith("weight") and tensor.ndim == 1):
            values = 1 + values / 2
        elif name.endswith("weight"):
            values = values * math.sqrt(3 / tensor[0].numel()) * (0.5 if name == last else 1)
        else:
            values = values / 10
        tensor.copy_(torch.tensor(values.reshape(tensor.shape), dtype=torch.float32))
    return model


def samples_of(model: nn.Module) -> tuple[Tensor, Tensor]:
    bands, side = shape_of(model)
    image = 5 * pattern(SAMPLES * bands * side * side, 1).reshape(SAMPLES, bands, side, side)
    magnitudes = pattern(SAMPLES * bands, 2).reshape(SAMPLES, bands)
    return torch.tensor(image, dtype=torch.float32), torch.tensor(magnitudes, dtype=torch.float32)


def shape_of(model: nn.Module) -> tuple[int, int]:
    patches = getattr(model, "patch_embed", None)
    return (patches.proj.in_channels, patches.img_size[0]) if patches else (5, 32)


def predict(model: nn.Module, density: bool) -> list[float]:
    with torch.no_grad():
        answer = model(samples_of(model))
        answer = torch.softmax(answer, dim=1) if density else answer
    return [float(f"{value:.9g}") for value in answer.flatten().tolist()]


def with_dropout(model: nn.Module) -> nn.Module:
    """Dropout behind every module of every sequence."""
    changed = copy.deepcopy(model)
    for module in list(changed.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Sequential) and name != "blocks":
                layers = [layer for item in child for layer in (item, nn.Dropout(0.25))]
                setattr(module, name, nn.Sequential(*layers))
    return changed.eval()


class Training(nn.Module):
    """What a training script wraps a network in: the network, and a loss."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model
        self.loss = nn.HuberLoss()

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        return self.model(inputs)


class Headed(Training):
    """One with a layer of its own behind the network."""

    def __init__(self, model: nn.Module):
        super().__init__(model)
        self.calibration = nn.Linear(1, 1)


def print_shape(module: nn.Module, inputs: object, output: Tensor) -> None:
    print(output.shape)


def hooked(model: nn.Module) -> nn.Module:
    changed = copy.deepcopy(model)
    next(module for module in changed.modules() if isinstance(module, nn.Linear)).register_forward_hook(print_shape)
    return changed


def prefixed(model: nn.Module, prefix: str) -> dict:
    return {prefix + name: tensor for name, tensor in model.state_dict().items()}


def lightning(model: nn.Module) -> dict:
    optimizer = torch.optim.Adam(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    return {
        "epoch": 3,
        "global_step": 120,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": prefixed(model, "model."),
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.01)}},
        "optimizer_states": [optimizer.state_dict()],
        "hparams_name": "kwargs",
        "hyper_parameters": {"learning_rate": 1e-3, "encoder": {"num_heads": TINY.heads}},
    }


def moving_average(model: nn.Module) -> dict:
    other = {name: tensor * 0.5 for name, tensor in prefixed(model, "online_model.").items()}
    return {"initted": torch.tensor(True), "step": torch.tensor(7), **other, **prefixed(model, "ema_model.")}


STATE_DICTS = {
    "state-dict": lambda m: m.state_dict(),
    "model.": lambda m: prefixed(m, "model."),
    "net.": lambda m: prefixed(m, "net."),
    "module.module.": lambda m: nn.DataParallel(nn.DataParallel(m)).state_dict(),
    "_orig_mod.": lambda m: {"model": prefixed(m, "module._orig_mod."), "epoch": 3},
    "averaged (SWA)": lambda m: {"averaged_model": AveragedModel(m).state_dict()},
    "two networks (EMA)": moving_average,
    "Lightning": lightning,
    "Dropout": lambda m: with_dropout(m).state_dict(),
}
MODULES = {
    "module": lambda m: m,
    "module, DataParallel twice": lambda m: {"model": nn.DataParallel(nn.DataParallel(m))},
    "module, averaged (SWA)": AveragedModel,
    "module, wrapped": Training,
    "module, Dropout": with_dropout,
    "module, hooked": hooked,
    "module, layer behind it": Headed,
}
# What can't be imported, and words of the reason.
REFUSED = {
    "two networks (EMA)": "one with 2 networks (online_model., ema_model.)",
    "module, hooked": "print_shape in its _forward_hooks",
    "module, layer behind it": "with weights beside model",
}
FOREIGN_CLASS = "expected ViT_Astro or Input_Mix_Model or VisionTransformer"


def write_files(out: Path) -> None:
    # Saved under the names that users' files have.
    for cls, name in ((Fused, "ViT_Astro"), (Mix, "Input_Mix_Model")):
        cls.__name__ = cls.__qualname__ = name
        setattr(sys.modules[cls.__module__], name, cls)
    variants = []
    for network, make in NETWORKS.items():
        model = filled(make())
        density = "density" in network or "class-token" in network
        for form, wrap in {**STATE_DICTS, **MODULES}.items():
            file = f"{len(variants)}.pt"
            torch.save(wrap(copy.deepcopy(model)), out / file)
            refused = FOREIGN_CLASS if network == "magnitudes" and form in MODULES else REFUSED.get(form)
            if network == "magnitudes" and form == "module, hooked":
                refused = REFUSED[form]
            described = {"network": network, "form": form, "file": file, "density": density}
            predictions = predict(model, density)
            if refused is not None:
                variants.append({**described, "refused": refused})
            if form == "two networks (EMA)":
                described |= {"form": f"{form}, --prefix ema_model", "prefix": "ema_model"}
            if refused is None or "prefix" in described:
                bands, side = shape_of(model)
                variants.append({**described, "bands": bands, "side": side, "predictions": predictions})
    (out / "variants.json").write_text(json.dumps(variants))


def write_golden(path: Path) -> None:
    networks = []
    for network, make in NETWORKS.items():
        model = filled(make())
        density = "density" in network or "class-token" in network
        bands, side = shape_of(model)
        record = {
            "network": network,
            "density": density,
            "bands": bands,
            "side": side,
            "shapes": {name: list(tensor.shape) for name, tensor in held(model).items()},
            "predictions": predict(model, density),
        }
        if network in ("astromae-density", "inception"):
            # The same tensors, in this order, where Dropout moves their numbers.
            record["dropout"] = list(held(with_dropout(model)))
        networks.append(record)
    lines = ",\n".join(json.dumps(network, separators=(",", ":")) for network in networks)
    path.write_text(f"[\n{lines}\n]\n")


def held(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in model.state_dict().items() if not name.endswith("num_batches_tracked")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=["files", "golden"])
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.which == "files":
        options.out.mkdir(parents=True, exist_ok=True)
        write_files(options.out)
    else:
        write_golden(options.out)


if __name__ == "__main__":
    main()
