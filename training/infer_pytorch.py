"""The baseline of packages/inference/bench/against-pytorch.ts: predicts a partition with PyTorch, eagerly, as the users'
single-machine script does, and prints one line of JSON.

    python training/infer_pytorch.py checkpoint.pt 1.pt --batch-size 32
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent / "golden"))
from astromae_golden import published_names  # noqa: E402


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("partition", type=Path)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--samples", type=int, default=None)
    options = parser.parse_args()
    # The class paths that users' checkpoints name.
    published_names(pcm=True)
    model = torch.load(options.checkpoint, weights_only=False, map_location="cpu")
    model = getattr(model, "module", model).eval()
    images, magnitudes, _ = (column[: options.samples] for column in torch.load(options.partition, weights_only=False).tensors)
    started = time.perf_counter()
    for batch in zip(images.split(options.batch_size), magnitudes.float().split(options.batch_size)):
        model(list(batch))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"samples": len(images), "seconds": seconds, "sample_persec": len(images) / seconds, "peak_rss_mb": peak}))


if __name__ == "__main__":
    main()
