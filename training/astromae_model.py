"""AstroMAE redshift regressor: a frozen masked-autoencoder encoder, an inception branch and the five magnitudes, fused.

Class, attribute and parameter names are those of the published checkpoints, so that state dicts are interchangeable with
them in both directions and `cosmicai model import` reads files written from here exactly as it reads theirs.

Inputs of `ViT_Astro`: a pair (image [B, 5, 32, 32], magnitudes [B, 5]), both float32. Output: redshift [B, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class AstroMaeConfig:
    """Every hyperparameter of the model; the defaults are the published configuration (15,902,889 parameters)."""

    image_size: int = 32
    channels: int = 5
    magnitudes: int = 5
    # Encoder
    patch_size: int = 8
    embedding: int = 192
    depth: int = 12
    heads: int = 6
    mlp_ratio: float = 4.0
    # Hidden width of the MLP where it differs from that of the convolutions, embedding * mlp_ratio.
    mlp_hidden: int | None = None
    qv_bias: bool = True
    norm_eps: float = 1e-6
    # ViTAE normal cells have a parallel convolution branch (PCM); without it the blocks are timm's plain ViT blocks.
    pcm: bool = True
    pcm_kernel: int = 1
    pcm_groups: int = 48
    # Inception branch: channels after the 1x1 stem, then channels of every branch of the five inception blocks.
    stem: int = 32
    inception_widths: tuple[int, ...] = (16, 16, 8, 8, 4)
    # Widths of the three branch outputs and of the fusion layer.
    encoder_features: int = 1096
    inception_features: int = 1096
    magnitude_features: int = 1024
    magnitude_hidden_layers: int = 4
    fusion: int = 1024

    @property
    def patches(self) -> int:
        return (self.image_size // self.patch_size) ** 2

    @property
    def inception_flat(self) -> int:
        """Three pools halve the image thrice; the last inception block concatenates three branches."""
        return 3 * self.inception_widths[-1] * (self.image_size // 8) ** 2


class PatchEmbed(nn.Module):
    """Image [B, C, S, S] to patch tokens [B, (S / patch)^2, D], row by row."""

    def __init__(self, image_size: int, patch_size: int, channels: int, embedding: int):
        super().__init__()
        grid = image_size // patch_size
        self.img_size = (image_size, image_size)
        self.patch_size = (patch_size, patch_size)
        self.grid_size = (grid, grid)
        self.num_patches = grid * grid
        self.flatten = True
        self.proj = nn.Conv2d(channels, embedding, kernel_size=patch_size, stride=patch_size)
        self.norm = nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        return self.norm(self.proj(image).flatten(2).transpose(1, 2))


class Mlp(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, width)
        self.drop = nn.Dropout(0.0)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.drop(self.fc2(self.drop(self.act(self.fc1(tokens)))))


def attend(qkv: Tensor, heads: int, scale: float) -> Tensor:
    """Softmax attention. qkv: [B, N, 3 D], q, k and v one after the other, each split into heads. Answers [B, N, D]."""
    batch, tokens, width = qkv.shape
    q, k, v = qkv.view(batch, tokens, 3, heads, width // (3 * heads)).permute(2, 0, 3, 1, 4)
    weights = torch.softmax((q * scale) @ k.transpose(-2, -1), dim=-1)
    return (weights @ v).transpose(1, 2).reshape(batch, tokens, width // 3)


class Attention(nn.Module):
    """Multi-head attention. bias: "qv" (normal cells: q and v have one of their own, k has none), "qkv" (plain ViT), "none"."""

    def __init__(self, width: int, heads: int, bias: Literal["qv", "qkv", "none"]):
        super().__init__()
        if width % heads != 0:
            raise ValueError(f"embedding {width} is not a multiple of {heads} heads")
        self.num_heads = heads
        self.scale = (width // heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width, bias=bias == "qkv")
        self.q_bias = nn.Parameter(torch.zeros(width)) if bias == "qv" else None
        self.v_bias = nn.Parameter(torch.zeros(width)) if bias == "qv" else None
        self.attn_drop = nn.Dropout(0.0)
        self.proj = nn.Linear(width, width)
        self.proj_drop = nn.Dropout(0.0)

    def forward(self, tokens: Tensor) -> Tensor:
        bias = self.qkv.bias
        if self.q_bias is not None and self.v_bias is not None:
            bias = torch.cat((self.q_bias, torch.zeros_like(self.q_bias), self.v_bias))
        qkv = F.linear(tokens, self.qkv.weight, bias)
        return self.proj_drop(self.proj(attend(qkv, self.num_heads, self.scale)))


class NormalCell(nn.Module):
    """ViTAE normal cell: attention and, beside it, convolutions over the grid of patch tokens (PCM); then an MLP."""

    def __init__(self, config: AstroMaeConfig):
        super().__init__()
        width = config.embedding
        hidden = int(width * config.mlp_ratio)
        kernel, groups = config.pcm_kernel, config.pcm_groups
        self.class_token = True
        self.norm1 = nn.LayerNorm(width, eps=config.norm_eps)
        self.attn = Attention(width, config.heads, "qv" if config.qv_bias else "none")
        self.drop_path = nn.Identity()
        self.norm2 = nn.LayerNorm(width, eps=config.norm_eps)
        self.mlp = Mlp(width, config.mlp_hidden or hidden)
        self.PCM = nn.Sequential(
            nn.Conv2d(width, hidden, kernel, padding=kernel // 2, groups=groups),
            nn.BatchNorm2d(hidden),
            nn.SiLU(),
            nn.Conv2d(hidden, width, kernel, padding=kernel // 2, groups=groups),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, width = tokens.shape
        side = math.isqrt(count - 1)
        grid = tokens[:, 1:].transpose(1, 2).reshape(batch, width, side, side)
        local = self.PCM(grid).flatten(2).transpose(1, 2)
        # The class token is no place on the sky: the convolutions leave it alone.
        local = F.pad(local, (0, 0, 1, 0))
        tokens = tokens + self.drop_path(self.attn(self.norm1(tokens))) + self.drop_path(local)
        return tokens + self.drop_path(self.mlp(self.norm2(tokens)))


class Block(nn.Module):
    """Plain ViT block, parameters named as timm names them."""

    def __init__(self, config: AstroMaeConfig):
        super().__init__()
        width = config.embedding
        self.norm1 = nn.LayerNorm(width, eps=config.norm_eps)
        self.attn = Attention(width, config.heads, "qkv" if config.qv_bias else "none")
        self.drop_path = nn.Identity()
        self.norm2 = nn.LayerNorm(width, eps=config.norm_eps)
        self.mlp = Mlp(width, config.mlp_hidden or int(width * config.mlp_ratio))

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.drop_path(self.attn(self.norm1(tokens)))
        return tokens + self.drop_path(self.mlp(self.norm2(tokens)))


class ConvBlock(nn.Module):
    """Convolution, batch normalization, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, image: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(image)))


class InceptionBlock(nn.Module):
    """1x1 | 1x1-3x3 | 1x1-5x5 | maxpool-1x1, concatenated. A custom block has the 5x5 branch, but doesn't run it."""

    def __init__(self, inputs: int, width: int, is_custom: bool):
        super().__init__()
        self.is_custom = is_custom
        self.branch1 = ConvBlock(inputs, width, 1)
        self.branch2 = nn.Sequential(ConvBlock(inputs, width, 1), ConvBlock(width, width, 3))
        self.branch3 = nn.Sequential(ConvBlock(inputs, width, 1), ConvBlock(width, width, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(kernel_size=3, stride=1, padding=1), ConvBlock(inputs, width, 1))

    def forward(self, image: Tensor) -> Tensor:
        local = [self.branch1(image), self.branch2(image)]
        wide = [] if self.is_custom else [self.branch3(image)]
        return torch.cat([*local, *wide, self.branch4(image)], dim=1)


class Input_Mix_Model(nn.Module):
    """The inception branch and the magnitude branch, side by side: [B, inception_features + magnitude_features]."""

    def __init__(self, config: AstroMaeConfig):
        super().__init__()
        # Flags of the published checkpoints: both branches, joined, no head of their own.
        self.Inception_only = False
        self.magnitude = True
        self.uk_paper = False
        self.embed_dim = config.inception_flat
        self.conv2d_init = nn.Conv2d(config.channels, config.stem, kernel_size=1)
        self.avgpool = nn.AvgPool2d(kernel_size=2, stride=2)
        self.avgpool2 = nn.AvgPool2d(kernel_size=2, stride=2)
        self.magnitude_block = nn.Sequential(*magnitude_layers(config))
        self.vis_inception = nn.Sequential(self.conv2d_init, self.avgpool, *inception_layers(config))

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        image, magnitudes = inputs
        return torch.cat((self.vis_inception(image), self.magnitude_block(magnitudes.float())), dim=1)


def magnitude_layers(config: AstroMaeConfig) -> list[nn.Module]:
    width = config.magnitude_features
    layers: list[nn.Module] = [nn.Linear(config.magnitudes, width)]
    for _ in range(config.magnitude_hidden_layers):
        layers += [nn.ReLU(), nn.Linear(width, width)]
    return layers


def inception_layers(config: AstroMaeConfig) -> list[nn.Module]:
    layers: list[nn.Module] = []
    inputs, last = config.stem, len(config.inception_widths) - 1
    for index, width in enumerate(config.inception_widths):
        layers.append(InceptionBlock(inputs, width, is_custom=index == last))
        inputs = 4 * width
        if index % 2 == 1:
            layers.append(nn.AvgPool2d(kernel_size=2))
    features = config.inception_features
    return [
        *layers,
        nn.Flatten(),
        nn.Linear(config.inception_flat, features),
        nn.ReLU(),
        nn.Linear(features, features),
    ]


class ViT_Astro(nn.Module):
    """The whole regressor. The encoder (patch embedding, class token, positions, blocks) comes frozen from pretraining."""

    def __init__(self, config: AstroMaeConfig = AstroMaeConfig(), frozen_encoder: bool = True):
        super().__init__()
        width = config.embedding
        self.embed_dim = width
        self.fc_norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, width)
        self.inception_model = Input_Mix_Model(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + config.patches, width))
        cell = NormalCell if config.pcm else Block
        self.blocks = nn.ModuleList(cell(config) for _ in range(config.depth))
        self.patch_embed = PatchEmbed(config.image_size, config.patch_size, config.channels, width)
        features = config.encoder_features
        self.vit_block = nn.Sequential(nn.Linear(width, features), nn.ReLU(), nn.Linear(features, features))
        fused = features + config.inception_features + config.magnitude_features
        self.concat_block = nn.Sequential(nn.Linear(fused, config.fusion), nn.ReLU(), nn.Linear(config.fusion, 1))
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        if frozen_encoder:
            self.freeze_encoder()

    def encoder_parameters(self) -> list[nn.Parameter]:
        return [self.cls_token, self.pos_embed, *self.blocks.parameters(), *self.patch_embed.parameters()]

    def freeze_encoder(self) -> None:
        for parameter in self.encoder_parameters():
            parameter.requires_grad = False

    def tokens(self, image: Tensor) -> Tensor:
        """Encoder output [B, 1 + patches, D], class token first."""
        patches = self.patch_embed(image)
        tokens = torch.cat((self.cls_token.expand(len(patches), -1, -1), patches), dim=1) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        return tokens

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        pooled = self.fc_norm(self.tokens(inputs[0])[:, 1:].mean(dim=1))
        encoded = self.vit_block(self.head(pooled))
        return self.concat_block(torch.cat((encoded, self.inception_model(inputs)), dim=1))


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """(all, trainable)."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, _ in sizes), sum(n for n, trainable in sizes if trainable)
