"""Runs as a page: what ran, how long it took, where the cycles went, on which machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from accelsim import __version__, strict_json
from accelsim.errors import ConfigError, FormatError, InputError
from accelsim.inside.explain import Explanation
from accelsim.machines import Machine, get_machine
from accelsim.report import html
from accelsim.report.explain_plots import explanation
from accelsim.report.explain_tables import explanation_tables
from accelsim.report.paper import PAGE, styled
from accelsim.report.plots_style import stacked
from accelsim.report.run_energy import energy_section, limit_paragraphs

MAX_FILE_BYTES = 64 << 20
MAX_BARS = 40
SHARE = "_share"
"""How the keys of states end (`accelsim.report.summary.layer_row`)."""
PROVENANCE = ("binary_points", "frac_bits", "outputs_sha256", "provenance")

COLUMNS = {
    "cycles": "cycles", "time_us": "time us", "theoretical_us": "theoretical us",
    "load_balance": "load balance", "entries": "entries", "padding": "padding", "macs": "macs",
    "saturations": "saturations", "vectors": "vectors", "lowering": "lowering",
    "blocked_cycles": "blocked", "total_uj": "energy uJ", "power_w": "W",
    "gops_per_w": "GOP/s/W", "frames_per_j": "frames/J", "total_mm2": "mm2",
}
TEXTS = ("lowering",)
"""Columns that hold no numbers."""


class Run(BaseModel):
    """What `accelsim simulate --json` prints; keys beside these are kept and not looked at."""

    model_config = ConfigDict(extra="allow", frozen=True)

    accelsim: str = Field(max_length=100)
    machine: str = Field(max_length=100)
    engine: str = Field(max_length=100)
    config: dict[str, Any]
    layers: list[dict[str, Any]] = Field(min_length=1, max_length=100_000)
    total: dict[str, Any]
    name: str = "this run"


def read_run(path: Path) -> Run:
    """A run from a file that `accelsim simulate --json` wrote.

    Raises
    ------
    InputError, FormatError
        If it cannot be read, or is something else.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FormatError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB; not a run")
        values = strict_json.loads(path.read_bytes())
        run = Run.model_validate({**values, "name": path.name})
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from None
    except (ValueError, TypeError, RecursionError) as problem:
        detail = ""
        if isinstance(problem, ValidationError):
            first = problem.errors()[0]
            detail = f" ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        raise FormatError(
            f"{path}: not a run{detail}; write one with: accelsim simulate LAYER --json"
        ) from None
    for layer in run.layers:
        for key in (*COLUMNS, *_states(layer).values()):
            if key not in TEXTS and not isinstance(layer.get(key), int | float | None):
                raise FormatError(f"{path}: {key} of a layer is not a number; the file is damaged")
    return run


def run_page(
    runs: Sequence[Run], explained: Sequence[Explanation] = (), more: Sequence[str] = ()
) -> str:
    """The page of one or more runs, of what explains them, and of ``more`` sections."""
    names = ", ".join(dict.fromkeys(str(layer.get("layer")) for r in runs for layer in r.layers))
    machines = ", ".join(dict.fromkeys(
        f"{r.machine} ({r.config.get('n_pe', '?')} PEs)" for r in runs))
    sections = [_summary(runs), *more, *(_explanation(found) for found in explained)]
    sections += energy_section([
        (f"{run.name}: {_label(layer)}" if len(runs) > 1 else _label(layer), layer)
        for run in runs for layer in run.layers[:MAX_BARS]])
    sections += [_machines(runs), *(_run_details(run) for run in runs)]
    return html.page(
        f"accelsim: {names[:80]}", f"{machines}; written by accelsim {__version__}", sections,
        f"accelsim {__version__}",
    )


def _summary(runs: Sequence[Run]) -> str:
    keys = [k for k in COLUMNS if any(layer.get(k) is not None for r in runs for layer in r.layers)]
    rows = []
    for run in runs:
        for layer in run.layers:
            rows.append([run.name, _label(layer), run.engine, *(layer.get(key) for key in keys)])
        if len(run.layers) > 1:
            rows.append([run.name, "total", run.engine, *(
                value if isinstance(value := run.total.get(key), int | float) else None
                for key in keys)])
    heads = ["run", "layer", "engine", *(COLUMNS[k] for k in keys)]
    if len(runs) == 1:  # then it needs no name
        heads, rows = heads[1:], [row[1:] for row in rows]
    parts = [html.table(heads, rows)]
    parts += limit_paragraphs([told for run in runs for told in (run.model_extra, *run.layers)])
    timed = [(run, layer) for run in runs for layer in run.layers
             if layer.get("cycles") and _states(layer)]
    if timed:
        parts.append(_breakdown(timed[:MAX_BARS], len(runs) > 1))
        if len(timed) > MAX_BARS:
            parts.append(html.paragraph(f"The first {MAX_BARS} of {len(timed):,} are drawn."))
    return html.section("Runs", *parts)


def _breakdown(timed: Sequence[tuple[Run, Mapping[str, Any]]], several: bool) -> str:
    names: list[str] = []
    for run, layer in timed:
        name = f"{run.name}\n{_label(layer)}" if several else _label(layer)
        names.append(name if name not in names else f"{name} ({len(names) + 1})")
    states = {state: key for _, layer in timed for state, key in _states(layer).items()}
    figure = styled(stacked)("Where the cycles of an average PE went", names, {
        state: [float(layer.get(key) or 0) * layer["cycles"] for _, layer in timed]
        for state, key in states.items()
    }, "cycles", PAGE)
    return html.picture(figure, "Cycles of each layer by what an average PE did in them")


def _label(layer: Mapping[str, Any]) -> str:
    return str(layer.get("layer"))[:60]


def _states(layer: Mapping[str, Any]) -> dict[str, str]:
    """What an average PE did: state to the key of its share, whatever the machine."""
    return {key.removesuffix(SHARE).replace("_", " "): key for key in layer if key.endswith(SHARE)}


def _explanation(found: Explanation) -> str:
    result, parts = found.result, []
    for title, columns, rows in explanation_tables(found):
        parts += [html.heading(title), html.table(columns, rows)]
    return html.section(
        f"{result.name}: why {result.cycles:,} cycles",
        html.paragraph(found.finding),
        html.picture(explanation(found), f"{result.name}: cycles of each PE, what they waited "
                                         f"for, cycles that changes would save"),
        *parts,
    )


def _machines(runs: Sequence[Run]) -> str:
    """Every configuration value, a column a run."""
    keys = list(dict.fromkeys(str(key) for run in runs for key in run.config))
    meanings: dict[str, str] = {}
    for run in runs[::-1]:
        machine = _machine(run)
        if machine is not None:
            meanings |= {k: f.description or "" for k, f in machine.config.model_fields.items()}
    rows = [(key, *(str(_plain(run.config.get(key, "-"))) for run in runs), meanings.get(key, ""))
            for key in keys]
    return html.section(
        "Machine" if len(runs) == 1 else "Machines",
        html.table(["key", *("value" if len(runs) == 1 else run.name for run in runs), "meaning"],
                   rows),
    )


def _machine(run: Run) -> Machine | None:
    """The record of a run's machine; None for a plug-in's run without its plug-in."""
    try:
        return get_machine(run.machine)
    except ConfigError:
        return None


def _run_details(run: Run) -> str:
    machine, meanings = _machine(run), {}
    if machine is not None and machine.counters is not None:
        counters: Any = machine.counter_class()
        meanings = {f.name: f.metadata["meaning"] for f in fields(counters)}
    counted = run.total.get("counters")
    if not isinstance(counted, dict):
        counted = {}
    parts = []
    if counted:
        parts.append(html.details("Counters, all layers", html.table(
            ["counter", "total", "meaning"],
            [(str(k), _plain(v), meanings.get(k, "")) for k, v in counted.items()],
        )))
    for layer in run.layers[:MAX_BARS]:
        parts += _slots(layer)
        kept = {key: layer[key] for key in PROVENANCE if key in layer}
        text = strict_json.dumps(kept, indent=2, sort_keys=True)
        parts.append(html.details(f"Provenance of {_label(layer)}", html.preformatted(text)))
    title = f"{run.name}: accelsim {run.accelsim}, {run.machine}, engine {run.engine}"
    return html.section(title, *parts)


def _slots(layer: Mapping[str, Any]) -> list[str]:
    """The parts of a run, added up over its steps, where the machine has such parts."""
    slots = layer.get("slots")
    rows: dict[tuple[str, str], tuple[int, int]] = {}
    if not isinstance(slots, list):
        return []
    for slot in slots:
        if not isinstance(slot, dict) or not isinstance(slot.get("cycles"), int):
            return []
        key = str(slot.get("name")), str(slot.get("spmv") or "")
        times, cycles = rows.get(key, (0, 0))
        rows[key] = times + 1, cycles + slot["cycles"]
    return [html.details(f"Slots of {_label(layer)}, all steps", html.table(
        ["slot", "matrix", "times", "cycles"], [(*key, *value) for key, value in rows.items()]))]


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str) else strict_json.dumps(value)
