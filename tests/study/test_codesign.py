"""`accelsim codesign`: what a candidate costs is what other ways of running give, a search that was
stopped goes on as if it never was, and what cannot be reached is one line."""

from __future__ import annotations

import json
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from accelsim import Layer, Network, Recipe, load_machine, simulate
from accelsim.cli import main
from accelsim.compression import compress_network, compression_table
from accelsim.network import calibrated
from accelsim.sources import open_network
from accelsim.study import Results
from accelsim.study.codesign import Budget, Codesigned, Design, LayerChoice, Setting, codesign
from accelsim.study.codesign.candidate import Bench
from accelsim.study.codesign.guides import predicted_uj, proxy
from accelsim.study.codesign.least_squares import output_importance, refitted
from accelsim.study.codesign.rounds import Plan
from accelsim.study.codesign.setting import known
from accelsim.training import Trainable

FOLDER = Path(__file__).parents[2] / "traces" / "lenet-300-100"
DIGITS, DENSE = str(FOLDER / "digits.safetensors"), str(FOLDER / "dense.safetensors")
SETTING = Setting(
    DENSE, None, tuple(load_machine("eie", n_pe=16, spmat_kb=256.0).model_dump().items()),
    (("kmeans", 4), ("kmeans", 3)), data=DIGITS, timed=2, judged=60)
PLAN = Plan(rounds=2, steps=3, final_steps=4)
BUDGET = Budget({"energy_uj": 0.05})


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """A network of two layers with drawn weights, and 90 digits."""
    folder, rng = tmp_path_factory.mktemp("small"), np.random.default_rng(7)
    save_file({"a.weight": rng.standard_normal((24, 784)).astype(np.float32) / 28,
               "b.weight": rng.standard_normal((10, 24)).astype(np.float32) / 5},
              folder / "net.safetensors")
    with safe_open(DIGITS, framework="numpy") as file:
        save_file({what: file.get_tensor(what)[:90] for what in ("images", "labels")},
                  folder / "digits.safetensors")
    return replace(SETTING, network=str(folder / "net.safetensors"),
                   data=str(folder / "digits.safetensors"))


@pytest.fixture(scope="module")
def undisturbed(small: Setting, tmp_path_factory: pytest.TempPathFactory
                ) -> tuple[Path, Codesigned]:
    store = tmp_path_factory.mktemp("codesign") / "whole.sqlite"
    return store, codesign(small, BUDGET, PLAN, store=store)


def rows(store: Path) -> list[tuple[object, ...]]:
    """All that a file says of its candidates but how long they took."""
    with sqlite3.connect(store) as db:
        names = [r[1] for r in db.execute("PRAGMA table_info(points)")]
        left = ", ".join(f'"{n}"' for n in names if n not in ("id", "wall_s", "recipe", "config"))
        return sorted(db.execute(f"SELECT {left} FROM points").fetchall())


def test_a_candidate_costs_what_its_layers_cost_alone() -> None:
    """Layer by layer through the public functions, at one width."""
    here = known(SETTING)
    design = Design({"fc1": LayerChoice(0.1), "fc2": LayerChoice(0.2), "fc3": LayerChoice(0.5)})
    cut = {name: np.where(np.abs(w) >= np.quantile(np.abs(w), 1 - design.layers[name].density),
                          w, np.float32(0)) for name, w in here.model.weights.items()}
    measured = Bench(here, here.weights).with_weights(cut).measure(design)
    layers = [Layer(cut[layer.name], None, layer.bias, layer.relu, layer.name)
              for layer in here.network.layers]
    packed = calibrated(compress_network(layers, Recipe()), here.timed)
    config = load_machine("eie", n_pe=16, spmat_kb=256.0)
    cycles, energy = 0, 0.0
    for image in here.timed:
        vector = np.asarray(image, np.float64)
        for layer in packed:
            result = simulate(config, layer, vector)
            cycles, energy = cycles + result.cycles, energy + result.energy.total_uj
            vector = result.outputs_float
    assert measured.values["cycles"] == cycles / 2
    assert measured.values["energy_uj"] == pytest.approx(energy / 2)
    assert measured.values["bits"] == compression_table(packed).total.huffman_bits
    assert measured.values["weights"] == sum(np.count_nonzero(w) for w in cut.values())


def test_a_design_meets_its_budget_and_is_told(undisturbed: tuple[Path, Codesigned]) -> None:
    store, found = undisturbed
    assert found.step.values["energy_uj"] <= 0.05 < found.start.values["energy_uj"]
    assert sum(found.layer_uj.values()) == pytest.approx(found.step.values["energy_uj"])
    with Results(store) as results:
        told = list(results.rows())
    assert len(told) == found.worked_out
    assert {row["recipe.move"] for row in told} >= {"layer", "tune"}
    assert min(row["ratio"] for row in told if row["error"] is None) <= 1


@pytest.mark.parametrize("after", [1, 3, 8])
def test_a_killed_search_goes_on_as_if_it_never_was(
    small: Setting, undisturbed: tuple[Path, Codesigned], tmp_path: Path, after: int
) -> None:
    store, done = tmp_path / "killed.sqlite", []

    def kill(step: object) -> None:
        done.append(step)
        if len(done) == after:
            raise MemoryError  # leaves the file as a kill does: after a step, before a round's end

    with pytest.raises(MemoryError):
        codesign(small, BUDGET, PLAN, store=store, on_step=kill)
    assert len(rows(store)) == after
    again = codesign(small, BUDGET, PLAN, store=store)
    whole, first = undisturbed
    assert rows(store) == rows(whole)
    assert again.worked_out == first.worked_out - after
    assert again.step.design == first.step.design
    for name, matrix in first.step.weights.items():
        np.testing.assert_array_equal(again.step.weights[name], matrix)
    assert codesign(small, BUDGET, PLAN, store=store).worked_out == 0


def test_another_budget_or_seed_is_another_search(small: Setting, tmp_path: Path) -> None:
    store, plan = tmp_path / "three.sqlite", replace(PLAN, rounds=1)
    found = [codesign(setting, budget, plan, store=store) for setting, budget in (
        (small, BUDGET), (replace(small, seed=1), BUDGET), (small, Budget({"size_kb": 8.0})))]
    assert len(rows(store)) == sum(one.worked_out for one in found)
    assert found[2].step.values["size_kb"] <= 8


@pytest.mark.slow
@pytest.mark.parametrize("how", [{"jobs": 2}, {"jobs": 2, "dask": "local"}], ids=str)
def test_workers_find_what_one_process_finds(
    small: Setting, undisturbed: tuple[Path, Codesigned], tmp_path: Path, how: dict[str, Any]
) -> None:
    if "dask" in how:
        pytest.importorskip("distributed")
    store, (whole, alone) = tmp_path / "two.sqlite", undisturbed
    found = codesign(small, BUDGET, PLAN, store=store, **how)
    assert rows(store) == rows(whole)
    assert (found.worked_out, found.step.design) == (alone.worked_out, alone.step.design)
    # What two workers left, one process goes on with: there is nothing to do.
    assert codesign(small, BUDGET, PLAN, store=store).worked_out == 0


@pytest.mark.slow
@pytest.mark.parametrize("how", [("--jobs", "2"), ("--jobs", "2", "--dask", "local")], ids=str)
def test_the_command_with_two_workers_prints_what_one_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    how: tuple[str, ...],
) -> None:
    told = []
    for number, words in enumerate((("--jobs", "1"), how)):
        line = ["accelsim", "codesign", DENSE, "--images", DIGITS, "--timed", "1", "--judged", "20",
                "--budget", "energy_uj=0.5", "--rounds", "2", "--fixed", "index", "--fixed", "rows",
                "-o", str(tmp_path / f"{number}.sqlite"), *words, "--json"]
        monkeypatch.setattr(sys, "argv", line)
        with pytest.raises(SystemExit) as leave:
            main()
        assert leave.value.code == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert rows(tmp_path / "0.sqlite") == rows(tmp_path / "1.sqlite")


@pytest.mark.parametrize("kind", ["energy", "uniform", "nsga2"])
def test_other_searches_meet_the_budget(small: Setting, kind: str) -> None:
    pytest.importorskip("optuna")
    setting = replace(small, axes=(("act_queue_depth", (4, 8)),) if kind == "nsga2" else ())
    found = codesign(setting, BUDGET, Plan(kind, rounds=1, steps=2, final_steps=2), trials=10)
    assert found.step.values["energy_uj"] <= 0.05
    if kind == "uniform":
        assert len({choice.density for choice in found.step.design.layers.values()}) == 1


def test_proxies_count_what_they_say() -> None:
    start = known(SETTING).start
    half = start.changed("fc1", density=0.5)
    assert proxy("weights", SETTING, start) == 266_200 == proxy("macs", SETTING, start)
    assert proxy("weights", SETTING, half) == 266_200 - 117_600
    # At a density of the table it is what that layer takes with the others uncut.
    here = known(SETTING)
    w = here.model.weights["fc1"]
    kept = np.sort(np.abs(w), axis=None)[-w.size // 2]
    cut = {"fc1": np.where(np.abs(w) >= kept, w, np.float32(0))}
    exact = Bench(here, here.weights).with_weights(cut).measure(start).layer_uj["fc1"]
    uncut = Bench(here, here.weights).measure(start)
    told = predicted_uj("table", SETTING, half, 0.0)
    assert told == pytest.approx(exact + uncut.layer_uj["fc2"] + uncut.layer_uj["fc3"], rel=1e-3)


def test_proxies_of_a_sparse_network_count_what_is_there(small: Setting, tmp_path: Path) -> None:
    """A density above its own cuts nothing, so no proxy may promise anything for it."""
    weights = np.random.default_rng(8).standard_normal((24, 784)).astype(np.float32) / 28
    weights[:, ::4] = 0
    save_file({"a.weight": weights, "b.weight": np.ones((10, 24), np.float32)},
              tmp_path / "net.safetensors")
    setting = replace(small, network=str(tmp_path / "net.safetensors"))
    start = known(setting).start
    for guide in ("weights", "macs"):
        there = 24 * 588 + 240
        assert proxy(guide, setting, start) == there
        assert proxy(guide, setting, start.changed("a", density=0.8)) == there
        assert proxy(guide, setting, start.changed("a", density=0.5)) == 24 * 392 + 240
        told = predicted_uj(guide, setting, start.changed("a", density=0.8), 3.0)
        assert told == pytest.approx(3.0)


def test_the_refit_is_least_squares() -> None:
    """Against NumPy's own solver on the vectors themselves."""
    rng = np.random.default_rng(5)
    images = rng.standard_normal((200, 12)).astype(np.float32) * rng.uniform(0.1, 3, 12).astype(
        np.float32)
    weights = rng.standard_normal((4, 12)).astype(np.float32)
    model = Trainable.of(Network((Layer(weights, None, np.zeros(4), False, "a"),)))
    importance = output_importance(model, images, "a")
    np.testing.assert_allclose(importance, np.abs(weights) * np.sqrt((images ** 2).mean(axis=0)),
                               rtol=1e-5)
    kept = np.where(importance > np.median(importance), weights, np.float32(0))
    found = refitted(model, images, "a", kept)
    for row in range(4):
        places = np.flatnonzero(kept[row])
        best = np.linalg.lstsq(images[:, places].astype(np.float64),
                               images @ weights[row].astype(np.float64), rcond=None)[0]
        np.testing.assert_allclose(found[row, places], best, rtol=0.05, atol=0.02)
    error = np.square(images @ (found - weights).T).sum()
    assert error < np.square(images @ (kept - weights).T).sum()


def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
            ) -> tuple[object, str]:
    line = ["accelsim", "codesign", DENSE, "--images", DIGITS, "--timed", "1", "--judged", "20",
            "-j", "1", *words]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit) as leave:
        main()
    return leave.value.code, capsys.readouterr().err


@pytest.mark.parametrize(("words", "told"), [
    ((), "needs a budget"),
    (("--budget", "energy=1"), "no metric 'energy'; did you mean 'energy_uj'?"),
    (("--budget", "energy_uj"), "need KEY=NUMBER"),
    (("--budget", "energy_uj=-1"), "need a number above 0"),
    (("--budget", "energy_uj=nan"), "need a number above 0"),
    (("--budget", "energy_uj=9"), "met by the uncut network"),
    (("--budget", "energy_uj=0.001", "--rounds", "1"), "cannot be met"),
    (("--budget", "energy_uj=0.5", "--data", DIGITS, "--max-error", "0.01"),
     "the uncut network has"),
    (("--budget", "energy_uj=0.5", "--max-error", "101"), "need percent"),
    (("--budget", "energy_uj=0.5", "--table", "ternary@2", "--set", "multiplier=shift"),
     "--table ternary at 2 bits: fc1"),
    (("--budget", "energy_uj=0.5", "--table", "kmeans"), "need NAME@BITS"),
    (("--budget", "energy_uj=0.5", "--table", "kmean@4"), "did you mean 'kmeans'?"),
    (("--budget", "energy_uj=0.5", "--axis", "n_pe=8,16"), "own value 64 is not among them"),
    (("--budget", "energy_uj=0.5", "--densities", "fc9=0.1", "--search", "given"),
     "no layer 'fc9'"),
    (("--budget", "energy_uj=0.5", "--search", "uniform", "--guide", "macs"), "is for the search"),
    (("--budget", "energy_uj=0.5", "-m", "ese"), "take a machine with weight_bits"),
    (("--budget", "energy_uj=0.5", "--set", "n_pe=1"), "spmat_kb"),
])
def test_mistakes_are_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                               words: tuple[str, ...], told: str) -> None:
    status, err = command(capsys, monkeypatch, *words)
    assert status == 2
    assert told in err.splitlines()[-1]
    assert len([line for line in err.splitlines() if "error" in line]) == 1


def test_weights_that_are_written_are_the_ones_found(tmp_path: Path, capsys: object,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "found.safetensors"
    status, err = command(capsys, monkeypatch, "--budget", "energy_uj=0.5",  # type: ignore[arg-type]
                          "--rounds", "1", "--write", str(out), "--table", "kmeans@4",
                          "--fixed", "index", "--fixed", "rows")
    assert status == 0, err
    network = open_network(str(out))
    dense = {layer.name: layer.weights for layer in open_network(DENSE).layers}
    for layer in network.layers:
        stays = layer.weights != 0
        np.testing.assert_array_equal(layer.weights[stays], dense[layer.name][stays])
    assert sum(np.count_nonzero(layer.weights) for layer in network.layers) < 266_200
