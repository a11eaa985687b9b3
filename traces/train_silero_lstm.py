"""Prune silero-vad's LSTM with masked retraining; write traces/silero-lstm/.

Usage: python traces/train_silero_lstm.py [--seed 0] [--out FOLDER] [--cache FOLDER]

Needs NumPy, safetensors, onnx and onnxruntime (extra `train`), and pip to fetch the pinned
package, 38 MB. Minutes of one core. Deterministic on one machine for one seed. Trained on one
recording, measured on another (README.md).
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: more threads only spin here

import argparse
import hashlib
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from speech import distil, lstm, masks, package
from speech.check import worst_difference
from speech.network import Network

STAGES = (
    distil.Stage(density=0.30, n_steps=500, rate=8e-3),
    distil.Stage(density=0.18, n_steps=400, rate=8e-3),
    distil.Stage(density=0.112, n_steps=600, rate=8e-3),
    distil.Stage(density=0.08, n_steps=500, rate=8e-3),
)
WINDOW_STARTS = (0, 480, 960, 1440)   # chunks of the test recording: the shipped inputs
WINDOW_CHUNKS = 160                   # 5.12 s each
INPUT_FRAC_BITS, OUTPUT_FRAC_BITS = 11, 15
_START = time.perf_counter()


def say(text: str) -> None:
    """Print one line of progress with the time since the start."""
    print(f"{time.perf_counter() - _START:7.1f} s  {text}", flush=True)


def altered_copies(network: Network, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """LSTM inputs of a recording, and of it quieter, louder and noisy, dulled."""
    noise = rng.standard_normal(len(samples)).astype(np.float32)
    dull = np.convolve(samples, np.full(5, 0.2, np.float32), "same")
    copies = (samples, 0.3 * samples, np.clip(2 * samples + 0.01 * noise, -1, 1), dull)
    return np.stack([network.lstm_inputs(np.asarray(copy, np.float32)) for copy in copies])


def measure(
    network: Network, inputs: np.ndarray, weights: np.ndarray, bias: np.ndarray
) -> dict[str, float]:
    """On a whole recording: error of the hidden states, decisions equal to the dense network's."""
    wanted = lstm.forward(network.weights, network.bias, inputs[:, None]).hidden[1:, 0]
    got = lstm.forward(weights, bias, inputs[:, None]).hidden[1:, 0]
    same = (network.odds(got) > 0.5) == (network.odds(wanted) > 0.5)
    error = float(np.sqrt(((got - wanted) ** 2).sum() / (wanted**2).sum()))
    return {"relative_error": round(error, 4), "agree_percent": round(100 * float(same.mean()), 2)}


def prune(
    network: Network, pattern: str, batches: distil.Batches, test: np.ndarray, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, object]]]:
    """One pattern through all stages: its tensors and its figures, by percent of density.

    Each stage prunes what the one before it left, as it left it. Values are kept as float16; the
    figures are those of the values that are kept.
    """
    dense = (network.weights, network.bias)
    weights, bias = (array.copy() for array in dense)
    rng = np.random.default_rng(seed)
    tensors, figures = {}, {}
    for stage in STAGES:
        percent = f"{100 * stage.density:g}"
        mask = masks.mask_of(pattern, weights, stage.density)

        def report(step: int, loss: float, stage: distil.Stage = stage) -> None:
            if step % 100 == 0:
                say(f"{pattern}, {100 * stage.density:g} %: {step}/{stage.n_steps}, "
                    f"loss {loss:.3f}")

        one_shot = masks.mask_of(pattern, network.weights, stage.density)
        distil.retrain(weights, bias, mask, dense, stage, batches, rng, report)
        values = weights[mask].astype(np.float16)
        kept = np.zeros_like(weights)
        kept[mask] = values
        figures[percent] = {
            "kept_percent": round(100 * float(mask.mean()), 3),
            "one_shot": measure(network, test, network.weights * one_shot, network.bias),
            "retrained": measure(network, test, kept, bias),
        }
        say(f"{pattern}: {percent} %: {figures[percent]}")
        tensors |= {f"mask.{percent}": np.packbits(mask), f"values.{percent}": values,
                    f"bias.{percent}": bias.copy()}
    return tensors, figures


def write(path: Path, tensors: dict[str, np.ndarray], **provenance: object) -> str:
    """Write a safetensors file and return its SHA-256."""
    metadata = {"provenance": json.dumps(provenance, sort_keys=True)}
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, path, metadata)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def shipped_speech(network: Network, test: np.ndarray) -> dict[str, np.ndarray]:
    """16-bit inputs of four windows, (160, 4, 128), and the dense network's hidden states."""
    windows = [test[start : start + WINDOW_CHUNKS] for start in WINDOW_STARTS]
    inputs = np.stack(windows, axis=1)
    stored = np.round(inputs * 2**INPUT_FRAC_BITS)
    assert stored.max() < 2**15, "an input is too large for its binary point"
    used = (stored / 2**INPUT_FRAC_BITS).astype(np.float32)
    hidden = lstm.forward(network.weights, network.bias, used).hidden[1:]
    return {"inputs": stored.astype(np.int16),
            "hidden": np.round(hidden * 2**OUTPUT_FRAC_BITS).clip(-(2**15), 2**15 - 1)
            .astype(np.int16)}


def run(cache: Path, out: Path, seed: int) -> None:
    """Fetch, check, retrain and write."""
    content = package.wheel_bytes(cache, package.NETWORK)
    (out / "LICENSE").write_bytes(package.wheel_bytes(cache, package.LICENCE_FILE))
    network = Network.read(content)
    recording = package.speech(cache, package.TEST_SPEECH)
    test = network.lstm_inputs(recording)
    off = worst_difference(content, network, recording)
    say(f"probabilities differ from onnxruntime's by at most {off:.1e}")
    rng = np.random.default_rng(seed)
    copies = altered_copies(network, package.speech(cache, package.TRAINING_SPEECH), rng)
    batches = distil.Batches(copies)

    origin = {"package": package.PACKAGE, "network": package.NETWORK, "licence": package.LICENCE,
              "script": Path(__file__).name, "seed": seed}
    recipe = {"stages": [asdict(s) for s in STAGES], "window": batches.window,
              "batch": batches.batch, "trained_on": package.TRAINING_SPEECH,
              "measured_on": package.TEST_SPEECH}
    dense = {"weights": network.weights.astype(np.float16), "bias": network.bias,
             "head.weight": network["decoder.decoder.2.weight"][0, :, 0],
             "head.bias": network["decoder.decoder.2.bias"]}
    speech = shipped_speech(network, test)
    digests = {
        "dense.safetensors": write(out / "dense.safetensors", dense, **origin),
        "speech.safetensors": write(
            out / "speech.safetensors", speech, **origin, recording=package.TEST_SPEECH,
            first_chunks=WINDOW_STARTS, input_frac_bits=INPUT_FRAC_BITS,
            hidden_frac_bits=OUTPUT_FRAC_BITS),
    }
    results: dict[str, object] = {
        **origin, "recipe": recipe, "chunks_measured": len(test),
        "input_nonzero_percent": round(100 * float((test != 0).mean()), 2),
        "worst_difference_from_onnxruntime": off,
        "float16": measure(network, test, dense["weights"].astype(np.float32), network.bias),
        "sha256": digests,
    }
    for pattern in masks.PATTERNS:
        tensors, results[pattern] = prune(network, pattern, batches, test, seed)
        name = f"{pattern}.safetensors"
        digests[name] = write(out / name, tensors, **origin, recipe=recipe, pattern=pattern)
        results["cpu_s"] = round(time.process_time())
        (out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    say(f"written to {out}")


def main() -> int:
    """Run the whole chain; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default 0)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "silero-lstm")
    parser.add_argument("--cache", type=Path, help="folder that holds or receives the packages")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            cache = options.cache or Path(temporary)
            cache.mkdir(parents=True, exist_ok=True)
            options.out.mkdir(parents=True, exist_ok=True)
            package.fetch(cache)
            run(cache, options.out, options.seed)
    except (package.DownloadError, OSError) as error:
        print(f"train_silero_lstm: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
