"""The same galaxies in every container that people hold, each to predictions with ids by one command, joined back by id.

    python packages/samples/bench/containers.py --objects 100000

needs torch, numpy, h5py, astropy, pyarrow and onnx. A small model is made whose answer follows from pixels and magnitudes; expected
values are calculated here, from what torch, numpy, h5py or astropy read of the same file. Prints a line for each container: objects, those whose id
was found once, mismatches of id, magnitudes and true redshift (bit for bit), the largest difference of the prediction, and processor time.
Exit code 1 when anything differs.
"""

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import onnx
import pyarrow.parquet as pq
import torch
from astropy.io import fits
from astropy.table import Table
from onnx import TensorProto, helper, numpy_helper
from torch.utils.data import TensorDataset

BANDS = "ugriz"
SIDE = 4
REPOSITORY = pathlib.Path(__file__).parents[3]
WEIGHTS = np.array([0.01, -0.02, 0.03, 0.005, -0.01], "f4")


def make_model(path):
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("MatMul", ["magnitudes", "weights"], ["colour"]),
        helper.make_node("Add", ["mean", "colour"], ["redshift"]),
    ]
    value = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])
    weights = numpy_helper.from_array(WEIGHTS, "weights")
    graph = helper.make_graph(nodes, "g", [value("image", 5, SIDE, SIDE), value("magnitudes", 5)], [value("redshift")], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    features = ", ".join(f"mag_{band}" for band in BANDS)
    spec = f"inputs:\n  image: {{ bands: [{', '.join(BANDS)}], side: {SIDE} }}\n  features: [{features}]\ntruth: redshift\n"
    path.with_suffix(".spec.yaml").write_text(spec)


def containers(folder, count, cutouts):
    """Writes them: name, what is read of the file, and options of the command."""
    random = np.random.default_rng(3)
    images = random.random((count, 5, SIDE, SIDE), dtype="f4")
    mags = random.normal(20, 2, (count, 5)).astype("f4")
    z = random.random(count)
    ids = random.permutation(count).astype("i8") * 7919 + 2**60 + 1
    t = lambda array: torch.from_numpy(array)
    each = {f"mag_{band}": mags[:, place] for place, band in enumerate(BANDS)}

    torch.save(TensorDataset(t(images), t(mags)), folder / "two.pt")
    dataset = torch.load(folder / "two.pt", weights_only=False).tensors
    yield "two.pt", (dataset[0].numpy(), dataset[1].numpy(), None, None), []

    torch.save(TensorDataset(t(images), t(mags), t(ids)), folder / "ids.pt")
    dataset = torch.load(folder / "ids.pt", weights_only=False).tensors
    yield "ids.pt", (*(tensor.numpy() for tensor in dataset[:2]), None, dataset[2].numpy()), ["--columns", "images,magnitudes,id"]

    torch.save({"images": t(images), "magnitudes": t(mags), "redshift": t(z), "id": t(ids)}, folder / "dict.pt")
    data = torch.load(folder / "dict.pt")
    yield "dict.pt", tuple(data[key].numpy() for key in ("images", "magnitudes", "redshift", "id")), []

    with h5py.File(folder / "galaxiesml.h5", "w") as f:
        f["image"], f["object_id"], f["specz_redshift"] = images, ids, z
        for band in BANDS:
            f[f"{band}_cmodel_mag"] = each[f"mag_{band}"]
    with h5py.File(folder / "galaxiesml.h5") as f:
        read = f["image"][:], np.stack([f[f"{band}_cmodel_mag"][:] for band in BANDS], 1), f["specz_redshift"][:], f["object_id"][:]
    names = ",".join(["image=image", *(f"mag_{band}={band}_cmodel_mag" for band in BANDS)])
    yield "galaxiesml.h5", read, ["--columns", names]

    table = np.empty(count, [("objid", "i8"), ("z", "f8"), *((name, "f4") for name in each)])
    table["objid"], table["z"] = ids, z
    for name, values in each.items():
        table[name] = values
    with h5py.File(folder / "groups.h5", "w") as f:
        f["stamps/image"], f["catalogue/objects"] = images, table
    with h5py.File(folder / "groups.h5") as f:
        rows = f["catalogue/objects"][:]
        read = f["stamps/image"][:], np.stack([rows[name] for name in each], 1), rows["z"], rows["objid"]
    yield "groups.h5", read, []

    cube = images.transpose(0, 2, 3, 1)
    np.savez(folder / "cube.npz", cube=cube, magnitudes=mags, z=z, id=ids)
    data = np.load(folder / "cube.npz")
    read = data["cube"].transpose(0, 3, 1, 2), data["magnitudes"], data["z"], data["id"]
    yield "cube.npz", read, []

    (folder / "cutouts").mkdir()
    for at in range(cutouts):
        fits.PrimaryHDU(images[at]).writeto(folder / "cutouts" / f"cutout_{ids[at]}.fits")
    columns = {"object_id": ids[:cutouts], "redshift": z[:cutouts], **{name: values[:cutouts] for name, values in each.items()}}
    Table(columns).write(folder / "cutouts" / "objects.fits")
    found = Table.read(folder / "cutouts" / "objects.fits")
    pixels = [fits.getdata(folder / "cutouts" / f"cutout_{number}.fits") for number in found["object_id"]]
    read = np.array(pixels, "f4"), np.stack([found[name] for name in each], 1), np.array(found["redshift"]), np.array(found["object_id"])
    yield "cutouts", read, []


def compare(folder, name, read, options):
    images, mags, z, ids = read
    out = folder / f"{pathlib.Path(name).stem}-predictions.parquet"
    command = [str(REPOSITORY / "node_modules/.bin/node"), str(REPOSITORY / "scripts/cosmicai.mjs"), "infer", str(folder / name), "-m", str(folder / "model.onnx"), "-o", str(out)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--max-flagged", "100", *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    table = pq.read_table(out)
    if ids is None:
        # Without names an object is known by its place.
        names, found = np.arange(len(images)), table["index"].to_numpy()
    else:
        names, found = ids, table["id"].to_numpy()
    row_of = {name: row for row, name in enumerate(found.tolist())}
    rows = np.array([row_of.get(name, -1) for name in names.tolist()])
    joined = int((rows >= 0).sum()) if len(row_of) == len(found) else 0
    predicted = {f"mag_{band}": table[f"mag_{band}"].to_numpy()[rows] for band in BANDS}
    wrong = (rows < 0) | np.any([predicted[f"mag_{band}"] != mags[:, place] for place, band in enumerate(BANDS)], axis=0)
    if z is not None:
        wrong |= table["z_spec"].to_numpy()[rows] != z
    expected = images.astype("f8").mean(axis=(1, 2, 3)) + mags.astype("f8") @ WEIGHTS.astype("f8")
    difference = float(np.abs(table["z_pred"].to_numpy()[rows] - expected).max())
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name:14} {len(images):8} objects, {joined:8} joined, {int(wrong.sum())} mismatches, z to {difference:.1e}, {seconds:.1f} s of processor time", flush=True)
    return joined == len(images) == table.num_rows and not wrong.any() and difference < 2e-6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--objects", type=int, default=100_000, help="default: 100000")
    parser.add_argument("--cutouts", type=int, default=2000, help="FITS files in the folder of cutouts, default: 2000")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_model(folder / "model.onnx")
        right = [compare(folder, *container) for container in containers(folder, asked.objects, min(asked.objects, asked.cutouts))]
    sys.exit(0 if all(right) else 1)
