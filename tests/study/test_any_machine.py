"""Studies of any machine: plug-ins travel to workers, and what a machine takes decides its work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim import Recipe, compress, load_layer, load_machine, simulate
from accelsim.errors import AccelsimError, InputError
from accelsim.machines.plugins import load_plugin, plugins, unload
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer
from accelsim.study import (
    Metric,
    Objective,
    Results,
    Study,
    explore,
    pareto_front,
    sensitivity,
    sweep,
)
from accelsim.study.metrics import METRICS, metrics_of
from accelsim.study.points import Plan, taking_part
from accelsim.study.workloads import find_workloads
from tests.ese.network_folder import network_folder
from tests.study.tiny import layer_file

PLUGIN = Path(__file__).with_name("one_a_cycle.py")
AXES = {"n_pe": [1, 2, 3], "recipe": {"density": [0.2, 0.6]}}


@pytest.fixture(autouse=True)
def forget_plugins() -> Iterator[None]:
    """Each test begins without plug-ins, as a program does."""
    yield
    for plugin in plugins():
        unload(plugin.name)


def study(folder: Path, **changed: Any) -> Study:
    """Two layers on the plug-in, which lies in the folder."""
    layer_file(folder)
    file = folder / "mine.py"
    if not file.exists():
        file.write_text(PLUGIN.read_text("utf-8"))
    return Study(**{
        "machine": "one", "plugin": ["mine.py"], "workloads": ["tiny.npz"],
        "activation_density": 0.6, "axes": AXES, "folder": folder, **changed,
    })


def rows(store: Path) -> list[dict[str, Any]]:
    with Results(store) as results:
        return sorted(({k: v for k, v in row.items() if k != "wall_s"} for row in results.rows()),
                      key=lambda row: row["point"])


def test_a_plug_in_is_swept(tmp_path: Path) -> None:
    assert sweep(study(tmp_path), tmp_path / "r.sqlite").failed == 0
    found = rows(tmp_path / "r.sqlite")
    assert len(found) == 12
    for row in found:
        name = row["workload"].rpartition(":")[2]
        packed = compress(load_layer(tmp_path / "tiny.npz", name),
                          Recipe(density=row["recipe.density"]))
        stored = np.count_nonzero(packed.decoded().to_dense(), axis=1)
        macs = [int(stored[pe::row["n_pe"]].sum()) for pe in range(row["n_pe"])]
        assert row["cycles"] == max(macs) + 1
        assert row["time_us"] == row["cycles"] / 100
        assert row["longest_wait"] == row["cycles"] - min(macs)
        pe_cycles = row["cycles"] * row["n_pe"]
        assert row["utilisation"] == pytest.approx(sum(macs) / pe_cycles)
        assert row["long_wait_share"] == pytest.approx(1 - sum(macs) / pe_cycles)


@pytest.mark.parametrize("how", [{"jobs": 2}, {"jobs": 2, "dask": "local"}])
def test_workers_get_the_plug_in_without_its_file(tmp_path: Path, how: dict[str, Any]) -> None:
    chosen = study(tmp_path)
    sweep(chosen, tmp_path / "here.sqlite")
    plan = Plan(chosen)
    (tmp_path / "mine.py").unlink()
    progress = sweep(plan, tmp_path / "there.sqlite", **how)
    assert (progress.done, progress.failed) == (12, 0)
    assert rows(tmp_path / "there.sqlite") == rows(tmp_path / "here.sqlite")


def test_the_text_of_a_plug_in_is_part_of_a_point(tmp_path: Path) -> None:
    def digests() -> set[bytes]:
        plan = Plan(study(tmp_path))
        return {p.digest for s in plan.streams() for group in s.groups for p in group}

    first = digests()
    unload("mine")
    assert digests() == first
    unload("mine")
    with (tmp_path / "mine.py").open("a") as file:
        file.write("# something else\n")
    assert not digests() & first


def test_another_plug_in_takes_part_where_it_is_named(tmp_path: Path) -> None:
    load_plugin(PLUGIN)
    for name, text in (("base", ""), ("other", "import accelsim_plugin_base\n")):
        own = PLUGIN.read_text("utf-8").replace('"one', f'"{name}')
        (tmp_path / f"{name}.py").write_text(text + own)
        load_plugin(tmp_path / f"{name}.py")
    assert [p.name for p in taking_part("other")] == ["base", "other"]
    assert [p.name for p in taking_part("base_matrix")] == ["base"]
    assert taking_part("eie") == ()


def test_columns_of_a_plug_in(tmp_path: Path) -> None:
    load_plugin(PLUGIN)
    assert list(metrics_of("one")) == [
        "cycles", "time_us", "theoretical_us", "load_balance", "gops", "longest_wait",
        "utilisation", "long_wait_share",
    ]


def test_searches_of_a_plug_in(tmp_path: Path) -> None:
    chosen = study(tmp_path)
    told = sensitivity(chosen, tmp_path / "s.sqlite", ["cycles", "longest_wait"])
    assert {effect.parameter for effect in told.effects} == {"n_pe", "recipe.density"}
    goals = [Objective("cycles", "minimize"), Objective("longest_wait", "minimize")]
    found = explore(chosen, tmp_path / "e.sqlite", goals, trials=8)
    assert found.trials == 8
    assert found.failed == 0


def test_results_of_a_plug_in_that_is_not_loaded(tmp_path: Path) -> None:
    store = tmp_path / "r.sqlite"
    sweep(study(tmp_path), store)
    with Results(store) as results:
        whole = pareto_front(results, ["cycles", "longest_wait"])
    unload("mine")
    with Results(store) as results:
        assert len(pareto_front(results, ["cycles"])[0]) >= 1
        with pytest.raises(InputError, match="of the machine 'one', which is not loaded; give"):
            pareto_front(results, ["longest_wait"])
    load_plugin(tmp_path / "mine.py")
    with Results(store) as results:
        assert pareto_front(results, ["cycles", "longest_wait"]) == whole


def test_the_largest_of_all_layers_is_the_plug_in_s_choice(tmp_path: Path) -> None:
    sweep(study(tmp_path, axes={"n_pe": [2]}), tmp_path / "r.sqlite")
    with Results(tmp_path / "r.sqlite") as results:
        (design,), *_ = pareto_front(results, ["longest_wait"])
    waits = [row["longest_wait"] for row in rows(tmp_path / "r.sqlite")]
    assert len(waits) == 2
    assert design.metrics["longest_wait"] == max(waits)


@pytest.mark.parametrize(("changed", "says"), [
    ({"plugin": ["none.py"]}, "none.py: cannot be read"),
    ({"plugin": "mine.py"}, "plugin is 'mine.py'"),
    ({"engine": "fast"}, "one: not told by engine 'fast'; use reference"),
    ({"metrics": ["energy_uj"]}, "not told of the machine 'one'"),
    ({"metrics": ["priced_wait"]}, "unknown metric 'priced_wait'"),
    ({"metrics": ["longest_waits"]}, "did you mean 'longest_wait'"),
    ({"axes": {"weight_bits": [4]}}, "unknown parameter 'weight_bits'"),
    ({"axes": {"recipe": {"weight_bits": [4, 9]}}}, "weight_bits is 9"),
    ({"axes": {"n_pe": [65]}}, "n_pe is 65"),
])
def test_mistakes_are_one_line(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(AccelsimError) as caught:
        study(tmp_path, **changed)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_widths_that_the_machine_has_not_are_the_recipe_s(tmp_path: Path) -> None:
    plan = Plan(study(tmp_path, axes={"recipe": {"weight_bits": [3, 5]}}))
    assert sorted({s.recipe["weight_bits"] for s in plan.streams()}) == [3, 5]


def test_what_a_machine_takes_decides(tmp_path: Path) -> None:
    network_folder(tmp_path / "net")
    works = ["tiny.npz:b", "nt-we", "google-lstm", "net", "net:unstructured/30"]
    found = find_workloads(study(tmp_path, machine="one_matrix", workloads=works))
    assert [w.name for w in found] == [
        "tiny.npz:b", "nt-we", "google-lstm", "net:dense", "net:unstructured/30"]
    for text in ("google-lstm", "net:unstructured/30"):
        with pytest.raises(InputError, match=f"{text}: a recurrent layer, which the machine 'one'"):
            find_workloads(study(tmp_path, workloads=[text]))
    sweep(study(tmp_path, machine="one_matrix", axes={}, workloads=["tiny.npz:b", "net"]),
          tmp_path / "r.sqlite")
    assert [row["error"] for row in rows(tmp_path / "r.sqlite")] == [None, None]


def test_a_layer_on_ese_is_one_matrix(tmp_path: Path) -> None:
    layer_file(tmp_path)
    chosen = Study(machine="ese", workloads=["tiny.npz:b"], activation_density=0.6,
                   axes={"weight_bits": [4, 12]}, folder=tmp_path,
                   set={"n_pe": 2, "elementwise_width": 2}, metrics=["cycles", "relative_error"])
    sweep(chosen, tmp_path / "r.sqlite")
    source = load_layer(tmp_path / "tiny.npz", "b")
    vector = find_workloads(chosen)[0].load().inputs[0, 0]
    wanted = np.asarray(source.weights, dtype=np.float64) @ vector + source.bias
    assert source.relu
    wanted = np.maximum(wanted, 0)
    for row in rows(tmp_path / "r.sqlite"):
        config = load_machine("ese", n_pe=2, elementwise_width=2, weight_bits=row["weight_bits"])
        weights = LinearWeights.from_floats(source.weights, row["weight_bits"])
        layer = RecurrentLayer("linear", {"Wyx": weights}, {"by": source.bias}, relu=True)
        result = simulate(config, layer, vector[None])
        assert row["cycles"] == result.cycles
        off = np.sqrt(np.mean((result.outputs_float[0, 0] - wanted) ** 2) / np.mean(wanted**2))
        assert row["relative_error"] == pytest.approx(off, rel=1e-6)


def test_a_metric_for_some_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "mine", Metric("mine", "", "sum", float, ("ese",)))
    assert list(metrics_of("ese"))[-1] == "mine"
    assert "mine" not in metrics_of("eie")


def test_the_bank_balanced_machine_runs_layers_and_lstms(tmp_path: Path) -> None:
    layer_file(tmp_path)
    network_folder(tmp_path / "net")
    metrics = ["cycles", "load_balance", "utilisation", "idle_share", "empty_row_share",
               "overhead_share", "filler_share"]
    chosen = Study(machine="bbs", workloads=["tiny.npz:a", "net"], activation_density=0.6,
                   axes={"n_pe": [2, 3]}, set={"n_banks": 4, "elementwise_width": 2},
                   metrics=metrics, folder=tmp_path)
    assert sweep(chosen, tmp_path / "r.sqlite").failed == 0
    works = {w.name: w.load() for w in find_workloads(chosen)}
    for row in rows(tmp_path / "r.sqlite"):
        config = load_machine("bbs", n_pe=row["n_pe"], n_banks=4, elementwise_width=2)
        found = works[row["workload"]]
        weights = {name: LinearWeights.from_floats(m, config.weight_bits)
                   for name, m in found.layer.matrices.items()}
        layer = replace(found.layer, matrices=weights)
        result = simulate(config, layer, found.inputs)
        counters = result.timed
        assert row["cycles"] == result.cycles
        filler = counters.filler_macs.sum() / (counters.macs + counters.filler_macs).sum()
        assert row["filler_share"] == pytest.approx(filler)
        shares = [row[name] for name in metrics if name.endswith("_share")]
        assert row["utilisation"] + sum(shares) - row["filler_share"] == pytest.approx(1)
