"""Scores a checkpoint, and ONNX files made from it, on simulated partitions.

    python training/evaluate.py --checkpoint training/runs/demo/astromae-demo.pt --data data/held-out data/held-out-real \\
        --onnx fp32.onnx packages/demo-model/astromae-demo.onnx --json training/runs/demo/scores.json

For every folder: metrics with central 95 % bootstrap intervals, in float32; for every ONNX file its metrics too and the
largest difference from PyTorch.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np
import torch

from metrics import bootstrap, redshift_metrics
from survey_data import partition_paths

BATCH = 256


def read(folder: Path, limit: int | None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Raw inputs, as inference reads them: float32 images and magnitudes."""
    parts = [torch.load(path, weights_only=False).tensors for path in partition_paths(folder)]
    images, magnitudes, redshift = (torch.cat(column)[:limit] for column in zip(*parts))
    return images, magnitudes.float(), redshift.double()


@torch.no_grad()
def predict_torch(checkpoint: Path, images: torch.Tensor, magnitudes: torch.Tensor) -> np.ndarray:
    # weights_only=False: the checkpoint is a pickled module of one's own making.
    model = torch.load(checkpoint, weights_only=False, map_location="cpu").module.eval()
    batches = zip(images.split(BATCH), magnitudes.split(BATCH))
    return torch.cat([model(batch)[:, 0] for batch in batches]).double().numpy()


def predict_onnx(path: Path, images: torch.Tensor, magnitudes: torch.Tensor) -> np.ndarray:
    # Asked once, when the library is loaded: it reports models to its maker otherwise.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    answers = []
    for image, magnitude in zip(images.split(BATCH), magnitudes.split(BATCH)):
        answers.append(session.run(["redshift"], {"image": image.numpy(), "magnitudes": magnitude.numpy()})[0][:, 0])
    return np.concatenate(answers).astype(np.float64)


def scored(predicted: np.ndarray, redshift: np.ndarray) -> dict:
    scores, intervals = redshift_metrics(predicted, redshift), bootstrap(predicted, redshift)
    return {name: {"value": value, "interval": intervals[name]} for name, value in scores.items()}


def show(what: str, scores: dict) -> None:
    print(what + "".join(f"  {n} {s['value']:.5f} [{s['interval'][0]:.5f}, {s['interval'][1]:.5f}]" for n, s in scores.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--onnx", type=Path, nargs="*", default=[])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    report: dict[str, dict] = {}
    for folder in options.data:
        images, magnitudes, redshift = read(folder, options.limit)
        z = redshift.numpy()
        expected = predict_torch(options.checkpoint, images, magnitudes)
        entry = {"galaxies": len(z), "torch": scored(expected, z)}
        show(f"{folder.name}, {len(z)} galaxies, torch:", entry["torch"])
        for path in options.onnx:
            predicted = predict_onnx(path, images, magnitudes)
            difference = float(abs(predicted - expected).max())
            entry[path.name] = {**scored(predicted, z), "largestDifference": difference}
            show(f"  {path.name}, at most {difference:.2e} from torch:", scored(predicted, z))
        report[folder.name] = entry
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
