"""The peers of packages/inference/bench/against-pytorch.ts: predicts a partition with PyTorch, eagerly as the users'
single-machine script does, or compiled, in bfloat16, or exported as it is to ONNX and run by onnxruntime. Prints one line of JSON.

    python training/infer_pytorch.py checkpoint.pt 1.pt --batch-size 32 --threads 2 [--how eager|compile|export] [--bfloat16]
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent / "golden"))
from astromae_golden import published_names  # noqa: E402


class Pair(torch.nn.Module):
    """The model with its two inputs one by one, as an exporter wants them."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: torch.Tensor, magnitudes: torch.Tensor) -> torch.Tensor:
        return self.model([image, magnitudes])


def exported(model: torch.nn.Module, images: torch.Tensor, magnitudes: torch.Tensor, threads: int):
    """A plain export, nothing folded by hand, in one onnxruntime session of so many threads."""
    import onnxruntime

    file = io.BytesIO()
    names = ["image", "magnitudes"]
    axes = {name: {0: "n"} for name in names}
    torch.onnx.export(Pair(model), (images, magnitudes), file, input_names=names, dynamic_axes=axes, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    return lambda image, mags: session.run(None, {"image": image.numpy(), "magnitudes": mags.numpy()})


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("partition", type=Path)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--samples", type=int, default=None)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--how", choices=["eager", "compile", "export"], default="eager")
    parser.add_argument("--bfloat16", action="store_true", help="under autocast")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    # The class paths that users' checkpoints name.
    published_names(pcm=True)
    model = torch.load(options.checkpoint, weights_only=False, map_location="cpu")
    model = getattr(model, "module", model).eval()
    images, magnitudes, _ = (column[: options.samples] for column in torch.load(options.partition, weights_only=False).tensors)
    batches = list(zip(images.split(options.batch_size), magnitudes.float().split(options.batch_size)))
    predict = Pair(model)
    begun = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bfloat16):
        if options.how == "compile":
            predict = torch.compile(predict)
        elif options.how == "export":
            predict = exported(model, *batches[0], options.threads)
        # What is made at the first prediction is no part of the rate.
        predict(*batches[0])
        started, before = time.perf_counter(), time.process_time()
        for batch in batches:
            predict(*batch)
        seconds, cpu = time.perf_counter() - started, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = {"samples": len(images), "seconds": seconds, "cpu_seconds": cpu, "sample_persec": len(images) / seconds}
    print(json.dumps({**rate, "first_seconds": started - begun, "peak_rss_mb": peak}))


if __name__ == "__main__":
    main()
