"""Every reader of files that come from elsewhere: a sound file of each kind, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accelsim import Layer, Recipe, compress, load_config
from tests.fuzz.onnx_files import (
    make_codes,
    make_folded,
    make_shards,
    read_folded,
    read_shards,
)
from tests.fuzz.study_files import (
    make_journal,
    make_results,
    make_study,
    read_journal,
    read_results,
    read_study,
)


@dataclass(frozen=True)
class Reader:
    """``make`` writes sound files into a folder and names them; ``read`` reads all of one."""

    make: Callable[[Path], list[Path]]
    read: Callable[[Path], Any]


def some_layers() -> list[Layer]:
    rng = np.random.default_rng(1)
    return [
        Layer(
            weights=(rng.standard_normal((12, 9)) * (rng.random((12, 9)) < 0.5)).astype(np.float32),
            bias=rng.standard_normal(12).astype(np.float32), name="fc1",
            activations=np.abs(rng.standard_normal(9)).astype(np.float32),
        ),
        Layer(weights=rng.standard_normal((5, 12)).astype(np.float32), name="fc2"),
    ]


def arrays() -> dict[str, Any]:
    one, two = some_layers()
    codes = compress(two).matrix.to_dense()
    return {"fc1.weight": one.weights, "fc1.bias": one.bias, "fc2.codes": codes,
            "fc2.codebook": np.linspace(-1, 1, 16).astype(np.float32)}


def make_safetensors(folder: Path) -> list[Path]:
    from safetensors.numpy import save_file

    save_file(arrays(), folder / "net.safetensors", {"accuracy": "0.98"})
    return [folder / "net.safetensors"]


def make_npz(folder: Path) -> list[Path]:
    np.savez(folder / "plain.npz", **arrays())
    np.savez_compressed(folder / "packed.npz", **arrays())
    return [folder / "plain.npz", folder / "packed.npz"]


def read_layers(path: Path) -> None:
    from accelsim.workload import list_layers, load_network

    for entry in list_layers(path):
        entry.load()
    for layer in load_network(path).layers:
        compress(layer)


def make_onnx(folder: Path) -> list[Path]:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    one, two = some_layers()
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w2"], ["y"]),
    ]
    values = {"w1": np.asarray(one.weights), "b1": np.asarray(one.bias),
              "w2": np.ascontiguousarray(np.asarray(two.weights).T)}
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 9])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]),
              folder / "net.onnx")
    return [folder / "net.onnx"]


def make_store(folder: Path) -> list[Path]:
    from accelsim.compression import save_compressed

    recipe = Recipe(permute_rows=4)
    save_compressed(folder / "layers.safetensors", [compress(x, recipe) for x in some_layers()])
    return [folder / "layers.safetensors"]


def read_store(path: Path) -> None:
    from accelsim.compression import load_compressed

    for packed in load_compressed(path):
        packed.decoded().to_dense()


def make_eie_folder(folder: Path) -> list[Path]:
    from accelsim.workload import save_eie_simulator

    layer = some_layers()[0]
    packed = compress(layer, Recipe(bias="column"))
    save_eie_simulator(folder / "data", packed, np.asarray(layer.activations), 4)
    return [folder / "data"]


def read_eie_folder(path: Path) -> None:
    from accelsim.workload import load_eie_simulator

    load_eie_simulator(path)


def make_machine(folder: Path) -> list[Path]:
    import accelsim.machines

    files = []
    for name in ("eie", "ese"):
        text = accelsim.machines.get_machine(name).config_text
        files.append(folder / f"{name}.toml")
        files[-1].write_text(text, "utf-8")
    return files


def read_machine(path: Path) -> None:
    from accelsim.errors import ConfigError
    from accelsim.machines import load_machine

    if load_machine(path).machine == "eie":
        load_config(path)
    else:
        try:
            load_config(path)
        except ConfigError:
            return
        raise AssertionError("an ESE machine was taken for an EIE")


def make_run(folder: Path) -> list[Path]:
    import json

    from accelsim import simulate_network
    from accelsim.network import calibrated
    from accelsim.report.summary import run_object

    layers = some_layers()
    packed = calibrated([compress(layer) for layer in layers], layers[0].activations)
    run = run_object(simulate_network(load_config("eie", n_pe=4), packed,
                                      np.asarray(layers[0].activations))[0])
    (folder / "run.json").write_text(json.dumps(run, indent=1), "utf-8")
    return [folder / "run.json"]


def read_run(path: Path) -> None:
    from accelsim.report.run_report import read_run, run_page

    run = read_run(path)
    if path.stat().st_size % 64 == 0:  # drawing is slow
        run_page([run])


def make_inputs(folder: Path) -> list[Path]:
    np.save(folder / "inputs.npy", np.ones((3, 9), np.float32))
    np.savez(folder / "inputs.npz", inputs=np.ones((3, 9), np.float32))
    return [folder / "inputs.npy", folder / "inputs.npz"]


def read_inputs(path: Path) -> None:
    from accelsim.sources import load_inputs

    load_inputs(path, 9)


def make_recurrent(folder: Path) -> list[Path]:
    import json

    from safetensors.numpy import save_file

    rng, n, n_inputs = np.random.default_rng(1), 3, 5
    target = folder / "lstm"
    target.mkdir()
    mask = rng.random((4 * n, n_inputs + n)) < 0.4
    save_file({
        "weights": rng.standard_normal((4 * n, n_inputs + n)).astype(np.float32),
        "bias": np.ones(4 * n, np.float32), "head.weight": np.ones(n, np.float32),
        "head.bias": np.ones(1, np.float32),
    }, target / "dense.safetensors", {"provenance": json.dumps({"from": "seed 1"})})
    save_file({
        "inputs": rng.integers(-99, 99, (4, 2, n_inputs)).astype(np.int16),
        "hidden": rng.integers(-99, 99, (4, 2, n)).astype(np.int16),
    }, target / "speech.safetensors",
        {"provenance": json.dumps({"input_frac_bits": 8, "hidden_frac_bits": 15})})
    save_file({
        "mask.40": np.packbits(mask), "values.40": np.ones(mask.sum(), np.float32),
        "bias.40": np.ones(4 * n, np.float32),
    }, target / "block.safetensors")
    return [target]


def read_recurrent(path: Path) -> None:
    from accelsim.workload.recurrent_folder import load_recurrent_folder

    found = load_recurrent_folder(path)
    assert np.isfinite(found.inputs).all()
    found.decisions(found.hidden)


def make_digits(folder: Path) -> list[Path]:
    from safetensors.numpy import save_file

    digits = {"images": np.full((4, 784), 7, np.uint8), "labels": np.arange(4, dtype=np.uint8)}
    save_file(digits, folder / "digits.safetensors")
    np.savez(folder / "digits.npz", **digits)
    return [folder / "digits.safetensors", folder / "digits.npz"]


def read_digits(path: Path) -> None:
    from accelsim.workload import load_digits

    images, _ = load_digits(path)
    assert len(images)


def make_recorded(folder: Path) -> list[Path]:
    (folder / "results.json").write_text(
        '{"dense": {"test_error_percent": 1.5, "seed": 1}, "shared": {"test_error_percent": 2}}')
    return [folder / "results.json"]


def read_recorded(path: Path) -> None:
    from accelsim.cli.demo import recorded_errors

    recorded_errors(path)


READERS = {
    "safetensors": Reader(make_safetensors, read_layers),
    "npz": Reader(make_npz, read_layers),
    "onnx": Reader(make_onnx, read_layers),
    "onnx-folded": Reader(make_folded, read_folded),
    "onnx-codes": Reader(make_codes, read_folded),
    "shards": Reader(make_shards, read_shards),
    "store": Reader(make_store, read_store),
    "eie_folder": Reader(make_eie_folder, read_eie_folder),
    "machine": Reader(make_machine, read_machine),
    "study": Reader(make_study, read_study),
    "results": Reader(make_results, read_results),
    "run": Reader(make_run, read_run),
    "inputs": Reader(make_inputs, read_inputs),
    "recurrent": Reader(make_recurrent, read_recurrent),
    "digits": Reader(make_digits, read_digits),
    "recorded": Reader(make_recorded, read_recorded),
    "journal": Reader(make_journal, read_journal),
}
