"""What ``accelsim codesign`` prints and writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.cli.common import table, written

if TYPE_CHECKING:
    from accelsim.study.codesign import Budget, Codesigned, Setting

_BEFORE_AFTER = (
    ("energy_uj", "energy uJ", ".4f"), ("time_us", "time us", ".3f"), ("cycles", "cycles", ",.0f"),
    ("size_kb", "size KB", ".2f"), ("area_mm2", "area mm2", ".2f"), ("weights", "weights", ",.0f"),
)


def as_rows(found: Codesigned) -> list[dict[str, Any]]:
    """A row a layer."""
    from accelsim.study.codesign.candidate import matrix_layer

    layers = {work.name: matrix_layer(work) for work in found.packed.layers}
    rows = []
    for name, choice in found.step.design.layers.items():
        layer = layers[name]
        kept = int(layer.matrix.column_starts[layer.n_inputs])
        rows.append({
            "layer": name, "density": kept / (layer.n_outputs * layer.n_inputs), "kept": kept,
            "table": choice.table, "weight_bits": choice.weight_bits,
            "index_bits": choice.index_bits, "rows": "balanced" if choice.balanced else "as given",
            "energy_uj": found.layer_uj[name],
        })
    return rows


def as_object(found: Codesigned) -> dict[str, Any]:
    """Everything, as plain values."""
    return {
        "layers": as_rows(found), "machine": dict(found.step.design.machine),
        "start": dict(found.start.values), "found": dict(found.step.values),
        "held_out_wrong_percent": found.held_out_wrong_percent,
        "test_wrong_percent": found.test_wrong_percent, "arithmetic": found.arithmetic,
        "candidates_now": found.worked_out,
    }


def show(out: Any, found: Codesigned, budget: Budget, setting: Setting) -> None:
    """Layers, what changed, and the errors."""
    rows = as_rows(found)
    out.print(table(
        f"A design for {budget.told(found.step.values)}",
        ("layer", "kept %", "weights", "table", "code bits", "run bits", "rows", "uJ"),
        [(row["layer"], f"{100 * row['density']:.2f}", row["kept"], row["table"],
          row["weight_bits"], row["index_bits"], row["rows"], f"{row['energy_uj']:.4f}")
         for row in rows]))
    before, after = found.start.values, found.step.values
    out.print(table("An image, uncut and found", ("", "uncut", "found", "uncut / found"), [
        (label, format(before[key], form), format(after[key], form),
         f"{before[key] / after[key]:.2f}") for key, label, form in _BEFORE_AFTER]))
    if found.step.design.machine:
        out.print("machine: " + ", ".join(
            f"{key} = {value}" for key, value in found.step.design.machine.items()))
    what = "decisions not kept" if setting.data is None else "of the held-out images wrong"
    out.print(f"{found.arithmetic}: {found.held_out_wrong_percent:.2f} % {what}")
    if found.test_wrong_percent is not None:
        out.print(f"{found.arithmetic}: {found.test_wrong_percent:.2f} % of the test images wrong")
    widths = {(row["weight_bits"], row["index_bits"]) for row in rows}
    if len(widths) > 1:
        out.print("note: widths differ by layer: the machine is set to each layer's own while it "
                  "runs it, and has the area of the widest; the Verilog has one setting")
    out.print(f"{found.worked_out:,} candidates worked out now")


def write_weights(path: Path, found: Codesigned, setting: Setting, budget: Budget) -> None:
    """The tuned weights, pruned ones as zeros, as the layers' arrays: NAME.weight, NAME.bias.

    The design stands in the metadata; `accelsim compress` with it gives the found network.
    """
    import numpy as np
    from safetensors.numpy import save

    from accelsim.files import write_atomically
    from accelsim.study.codesign.setting import known, parted

    weights = found.step.weights
    assert weights is not None
    network = parted(known(setting).network, dict(weights)).as_network()
    tensors = {}
    for layer in network.layers:
        tensors[f"{layer.name}.weight"] = np.ascontiguousarray(layer.weights)
        if layer.bias is not None:
            tensors[f"{layer.name}.bias"] = np.ascontiguousarray(layer.bias)
    told = {"design": found.step.design.as_dict(), "budget": dict(budget.limits)}
    data = save(tensors, {"provenance": json.dumps(told, sort_keys=True)})
    write_atomically(path, data)
    written(path)
