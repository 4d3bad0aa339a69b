"""Writes the best network of a run as users' checkpoints are: DataParallel(ViT_Astro), saved whole, taking raw inputs.

    python training/export.py --run training/runs/demo --out training/runs/demo/astromae-demo.pt

Training scales its inputs and output; all of that is linear and goes into the layers beside it:
images / IMAGE_SCALE into the patch embedding and the inception stem, (magnitudes - centre) · matrixᵀ into the first layer of
the magnitude branch, z = MIDDLE + SPREAD · t into the last layer.

Beside it lie what it takes and answers (astromae-demo.spec.json), and what it was trained on (astromae-demo.trained.json), by which
`cosmicai` flags galaxies unlike those.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from astromae_model import ViT_Astro, count_parameters
from finetune import MIDDLE, SPREAD
from model_spec import SPEC, write_spec
from survey_data import IMAGE_SCALE
from trained_ranges import ranges_file, write_ranges


@torch.no_grad()
def fold_scaling(model: ViT_Astro, transform: tuple[Tensor, Tensor]) -> None:
    per_band = IMAGE_SCALE.view(1, 5, 1, 1)
    model.patch_embed.proj.weight.div_(per_band)
    # conv2d_init and the first layer of vis_inception are one module under two names.
    model.inception_model.conv2d_init.weight.div_(per_band)
    matrix, centre = transform
    first = model.inception_model.magnitude_block[0]
    # Magnitudes are near 17 and colours differ by hundredths: rounding these weights to float16 after the bias is known would
    # shift every galaxy. So they are rounded first, and the bias fits the rounded ones.
    weight = (first.weight.double() @ matrix).half().double()
    first.bias.copy_(first.bias.double() - weight @ centre)
    first.weight.copy_(weight)
    last = model.concat_block[-1]
    last.weight.mul_(SPREAD)
    last.bias.mul_(SPREAD).add_(MIDDLE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder with best.pt")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    best = torch.load(options.run / "best.pt", weights_only=True)
    model = ViT_Astro()
    model.load_state_dict(best["model"])
    fold_scaling(model, best["transform"])
    model.eval()
    torch.save(nn.DataParallel(model), options.out)
    total, trainable = count_parameters(model)
    digest = hashlib.sha256(options.out.read_bytes()).hexdigest()
    print(f"{options.out}: {total:,} parameters, {trainable:,} of them fine-tuned, step {best['step']}, sha256 {digest}")
    print(f"{write_spec(options.out, SPEC)}: what it takes and answers")
    if "trained" in best:
        print(f"{write_ranges(options.out, best['trained'])}: magnitudes and redshifts that it was trained on")
        return
    # One that lies there tells of another network.
    ranges_file(options.out).unlink(missing_ok=True)
    print(
        f"{options.run / 'best.pt'} doesn't tell what it was trained on, as it is of an earlier finetune.py, so no"
        f" {ranges_file(options.out)} is written. Measure it: cosmicai model profile model.onnx --data <partitions trained on>",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
