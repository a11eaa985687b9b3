"""Layers of every code table run; a machine that cannot hold one says so."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from accelsim import Layer, Recipe, compress, load_machine, simulate
from accelsim.cli import main
from accelsim.compression.binary_points import choose_binary_points
from accelsim.compression.prepare import prepare, recipe_for
from accelsim.compression.tables import TABLES
from accelsim.errors import ConfigError, UnsupportedError
from accelsim.machines import machine_of
from accelsim.study import Results, Study, sweep

WORK = "random:24x16:density=0.5:activations=0.5"


def dense(seed: int = 1) -> Layer:
    rng = np.random.default_rng(seed)
    return Layer(rng.normal(size=(20, 16)), np.maximum(rng.normal(size=16), 0), name="fc")


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str]:
    """Exit status and all output of one command line."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *words])
    with pytest.raises(SystemExit) as leave:
        main()
    assert isinstance(leave.value.code, int)
    return leave.value.code, "".join(capsys.readouterr())


@pytest.mark.parametrize("name", TABLES)
def test_the_tellings_agree_and_are_near_the_decoded_weights(name: str) -> None:
    layer = dense()
    packed = compress(layer, Recipe(table=name, density=0.5))
    config = load_machine("eie", n_pe=4)
    runs = [simulate(config, packed, layer.activations, engine=e) for e in ("fast", "reference")]
    assert np.array_equal(runs[0].outputs, runs[1].outputs)
    assert runs[0].cycles == runs[1].cycles
    assert runs[0].timed.totals() == runs[1].timed.totals()
    want = np.maximum(packed.decoded().to_dense() @ layer.activations, 0)
    points = choose_binary_points(config, packed)
    assert np.abs(runs[0].outputs_float - want).max() < 2.0 ** (6 - points.output_frac_bits)


@pytest.mark.parametrize("machine", ["ese", "bbs"])
def test_machines_of_linear_weights_store_what_a_table_decodes(machine: str) -> None:
    config = load_machine(machine)
    kinds = machine_of(config)
    recipe = recipe_for(config, kinds.recipe, table="linear", table_bits=3, table_rows=1)
    matrix = prepare(dense(), kinds.takes, recipe).matrices["Wyx"].to_dense()
    assert all(len(np.unique(np.abs(row[row != 0]))) <= 3 for row in matrix)
    assert len(np.unique(np.abs(matrix))) > 4  # each row has a scale of its own
    given = dense().activations
    result = simulate(config, prepare(dense(), kinds.takes, recipe), given[None, None, :])
    want = np.maximum(matrix @ given, 0)
    assert np.abs(result.outputs_float.ravel() - want).max() < 0.02


@pytest.mark.parametrize(("settings", "rows", "told"), [
    ({"n_pe": 5}, 5, "fc: 4 tables, one for 5 rows each, 4 in a PE; the weight decoder holds one; "
                     "set decoder_tables=4 or 'fit'"),
    ({"n_pe": 5, "decoder_tables": 2}, 1, "20 tables, one a row, 4 in a PE; the weight decoder "
                                          "holds 2"),
    ({"n_pe": 4, "decoder_tables": 9}, 3, "take table_rows=2 or 4, or another n_pe"),
    ({"n_pe": 4, "decoder_tables": 9}, 12, "take table_rows=8 or 16, or another n_pe"),
])
def test_tables_that_the_decoder_does_not_hold_are_refused(settings, rows, told) -> None:
    packed = compress(dense(), Recipe(table="linear", table_rows=rows))
    for engine in ("fast", "reference", "functional"):
        with pytest.raises(UnsupportedError, match=re.escape(told)):
            simulate(load_machine("eie", **settings), packed, dense().activations, engine=engine)


def test_the_command_line_names_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told_by = partial(run, capsys, monkeypatch)
    path = str(tmp_path / "packed.safetensors")
    table = "log:base=sqrt2"
    code, _ = told_by("compress", WORK, "--table", table, "--table-rows", "8", "-o", path)
    assert code == 0
    code, output = told_by("layers", path, "--json")
    assert (code, '"4-bit codes, log:base=sqrt2, 3 tables"' in output) == (0, True)
    code, output = told_by("simulate", WORK, "--table", "ternary", "--json")
    assert code == 0
    assert '"table": "ternary"' in output
    for words, told in (
        (["--table", "turnary"], "did you mean 'ternary'"),
        (["--table", "linear", "--table-rows", "4", "--set", "n_pe=4"],
         "6 tables, one for 4 rows each, 6 in a PE"),
        (["--table", "linear", "--table-rows", "3"], "take table_rows=2 or 4"),
        (["--table", "none.npy"], "no such file"),
        (["--table", "linear", "-m", "bbs"], "give table_bits"),
    ):
        code, output = told_by("simulate", WORK, *words)
        assert (code, told in " ".join(output.split())) == (2, True), output
        assert "Traceback" not in output


def test_a_study_sweeps_tables(tmp_path: Path) -> None:
    study = Study(
        workloads=[WORK], folder=tmp_path, set={"n_pe": 4, "recipe.density": 0.5},
        axes={"recipe.table": ["kmeans", "ternary", "ternary:scales=2"], "weight_bits": [2, 4]},
    )
    assert sweep(study, tmp_path / "r.sqlite").failed == 0
    with Results(tmp_path / "r.sqlite") as results:
        rows = {(row["recipe.table"], row["weight_bits"]): row["theoretical_us"]
                for row in results.rows()}
    assert len(rows) == 6
    # Codes of 4 bits hold no more than a ternary table has, and TWN's limit is the higher one.
    assert rows["ternary", 2] == rows["ternary", 4] < rows["ternary:scales=2", 4]
    with pytest.raises(ConfigError, match="what is in a file"):
        Study(workloads=[WORK], folder=tmp_path, axes={"recipe.table": ["kmeans", "a.npy"]})
