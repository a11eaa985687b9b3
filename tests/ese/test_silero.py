"""traces/silero-lstm: what the files say, counted again; the network on ESE against plain NumPy.

Nothing of traces/speech is used here but where a test says so.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from accelsim import simulate_recurrent
from accelsim.compression import Recipe, compress_recurrent
from accelsim.errors import FormatError, InputError
from accelsim.machines import EseConfig, load_as, load_config
from accelsim.papers.eie_products import eie_products
from accelsim.papers.pattern_machines import on_eie
from accelsim.papers.recurrent_runs import chosen_layer, run_and_compare
from accelsim.papers.tradeoff import (
    bank_machine,
    eie_vectors,
    pattern_parameters,
    tradeoff,
)
from accelsim.workload.recurrent_folder import load_recurrent_folder
from tests.ese.oracle import lstm

FOLDER = Path(__file__).parents[2] / "traces" / "silero-lstm"
RETRAINED = ("unstructured", "load_balanced", "bank_balanced", "block")
PERCENTS = ("30", "18", "11.2", "8")
GATES = [f"W{gate}{source}" for gate in "ifco" for source in "xr"]


@pytest.fixture(scope="module")
def network():
    return load_recurrent_folder(FOLDER)


@pytest.fixture(scope="module")
def ese():
    return load_as(EseConfig, "ese")


@pytest.fixture(scope="module")
def results():
    return json.loads((FOLDER / "results.json").read_text())


def run_plain(layer, inputs):
    """All channels of a layer through the oracle."""
    w = {name: layer.floats(name) for name in layer.matrices}
    channels = [lstm(w, layer.biases, {}, inputs[:, k], 128, 128) for k in range(inputs.shape[1])]
    return np.stack(channels, axis=1)


def relative(got, want):
    return np.sqrt(((got - want) ** 2).sum() / (want**2).sum())


def test_files_are_those_that_the_results_name(results):
    for name, digest in results["sha256"].items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest
    assert set(results["sha256"]) == {path.name for path in FOLDER.glob("*.safetensors")}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_700_000


def test_gates_are_taken_from_the_rows_in_their_order(network):
    raw = load_file(FOLDER / "dense.safetensors")
    w, b = raw["weights"], raw["bias"]
    for k, gate in enumerate("ifco"):
        rows = slice(128 * k, 128 * k + 128)
        assert np.array_equal(network.layer.floats(f"W{gate}x"), w[rows, :128])
        assert np.array_equal(network.layer.floats(f"W{gate}r"), w[rows, 128:])
        assert np.array_equal(network.layer.biases[f"b{gate}"], b[rows])


def test_hidden_states_are_those_of_a_plain_lstm(network):
    got = run_plain(network.layer, network.inputs)
    # The stored states come from float32 weights, the stored weights are float16.
    assert relative(got, network.hidden) < 2e-3
    assert np.array_equal(network.decisions(got), network.decisions(network.hidden))
    assert 0.2 < network.decisions(got).mean() < 0.98, "speech and silence both occur"
    assert 0.15 < (network.inputs != 0).mean() < 0.4


def nonzeros(layer, name):
    return layer.floats(name) != 0


@pytest.mark.parametrize("percent", PERCENTS)
def test_masks_follow_their_patterns(network, percent, results):
    target = float(percent) / 100
    free, balanced, banked, blocked = (network.retrained[p][percent] for p in RETRAINED)
    for name in GATES:
        size = 128 * 128
        # A retrained value that rounds to zero in float16 may be missing.
        assert size * target - 6 < nonzeros(free, name).sum() < size * target + 1
        by_pe = [nonzeros(balanced, name)[pe::32].sum() for pe in range(32)]
        assert max(by_pe) - min(by_pe) <= 1
        assert abs(max(by_pe) - 512 * target) <= 1
        by_bank = nonzeros(banked, name).reshape(128, 8, 16).sum(axis=2)
        assert by_bank.max() == max(round(16 * target), 1)
        assert (by_bank == by_bank.max()).mean() > 0.999
        by_block = nonzeros(blocked, name).reshape(32, 4, 32, 4).sum(axis=(1, 3))
        assert np.count_nonzero(by_block) == round(32 * 32 * target)
        assert (by_block[by_block > 0] == 16).mean() > 0.99
    for pattern in RETRAINED:
        kept = sum(nonzeros(network.retrained[pattern][percent], n).sum() for n in GATES)
        said = results[pattern][percent]["kept_percent"]
        assert kept / (8 * 128 * 128) == pytest.approx(said / 100, abs=2e-4)


@pytest.mark.parametrize("pattern", RETRAINED)
def test_retraining_recovers_what_pruning_lost(network, results, pattern):
    """Four windows of the recording that was not trained on; all of it is in results.json."""
    want = run_plain(network.layer, network.inputs)
    for percent in ("30", "11.2"):
        got = run_plain(network.retrained[pattern][percent], network.inputs)
        agree = (network.decisions(got) == network.decisions(want)).mean()
        said = results[pattern][percent]
        assert relative(got, want) == pytest.approx(said["retrained"]["relative_error"], abs=0.06)
        assert 100 * agree == pytest.approx(said["retrained"]["agree_percent"], abs=2.5)
        assert said["retrained"]["relative_error"] < 0.6 * said["one_shot"]["relative_error"]


def test_the_machine_adds_little_to_the_error_of_pruning(network, ese):
    machines = load_config("eie"), ese, bank_machine(network)
    short = replace(network, inputs=network.inputs[:60], hidden=network.hidden[:60])
    rows = tradeoff(machines, short, densities=(0.112,))
    assert [row.pattern for row in rows[:2]] == ["dense", sorted(RETRAINED)[0]]
    dense, *pruned = rows
    assert dense.error_float == 0
    assert dense.agree == 1
    assert dense.error < 0.02
    for row in pruned:
        assert row.error == pytest.approx(row.error_float, abs=0.02)
        assert row.step_us < dense.step_us
        assert row.energy_nj < dense.energy_nj
    found = {(row.pattern, row.weights, round(row.kept, 2)): row for row in rows}
    trained = found["load_balanced", "retrained", 0.11]
    assert trained.error < 0.6 * found["load_balanced", "one-shot", 0.11].error
    # Entries, run extensions included: balance is of the weights, and these are few.
    assert trained.entries_max_over_mean < 1.05
    assert trained.entries_max_over_mean < found["unstructured", "retrained",
                                                 0.11].entries_max_over_mean
    # 2 of 16 in each of 16 banks: a PE has 2 of the 128 rows, two slots each. A gate takes
    # 1 + 4 + 7 cycles, its element-wise work 24 + 4; the last three operations hide nothing.
    banked = found["bank_balanced", "retrained", 0.12]
    assert banked.bbs_step_us == pytest.approx((12 + 28 + 28 + 56 + 84) / 200)
    assert found["unstructured", "retrained", 0.11].bbs_step_us > banked.bbs_step_us - 1e-9
    # 2 values of 16 bits and their 4-bit places in each of 16 banks of 512 rows.
    assert banked.csb_bits == 512 * 16 * 2 * (16 + 4)


def test_eie_multiplies_what_the_network_multiplies(network, ese):
    """Stacked matrices and real vectors: products and stored bits counted with plain NumPy."""
    vectors = eie_vectors(network)
    assert vectors.shape == (8, 256)
    for vector in vectors:
        assert any(np.array_equal(vector[:128], x) for x in network.inputs.reshape(-1, 128))
    eie = load_config("eie")
    for layer in (network.layer, network.retrained["load_balanced"]["11.2"]):
        matrix = eie_products(layer)[0].matrix
        assert np.array_equal(matrix[128:256, 128:], layer.floats("Wfr"))
        found = on_eie(eie, matrix, vectors, "all gates")
        n_weights = np.count_nonzero(matrix)
        # Entries: the weights, and at least none of the runs' extensions in so dense a matrix.
        assert n_weights <= found.bits / 8 < 1.06 * n_weights
        products = np.mean([np.count_nonzero(matrix[:, v != 0]) for v in vectors])
        ideal_us = products / 64 / 800
        # Less where a tiny input becomes zero in 16 bits, more by run extensions.
        assert 0.99 * ideal_us < found.balance * found.time_us < 1.06 * ideal_us
        assert found.huffman_bits < found.bits
        assert found.energy_nj > 0


def test_engines_agree_on_the_real_network(network, ese):
    layer = network.retrained["load_balanced"]["8"]
    inputs = network.inputs[40:46, :2]
    slow, fast = (simulate_recurrent(ese, layer, inputs, e) for e in ("reference", "fast"))
    assert np.array_equal(slow.outputs, fast.outputs)
    assert fast.timed.difference(slow.timed) is None


def test_shared_values_cost_little(network, ese):
    """4-bit codebooks of retrained weights, as Deep Compression shares them."""
    layer, origin = chosen_layer(network, ese, "unstructured", 0.112)
    assert origin == "retrained, 11.2 %"
    shared = compress_recurrent(layer, Recipe(weight_bits=4))
    want = run_plain(layer, network.inputs[:60])
    got = run_and_compare(ese, shared, network.inputs[:60])
    assert relative(got.result.outputs_float, want) < 0.2
    assert len(got.errors) == 60
    assert max(error.relative for error in got.errors) < 0.03


def test_a_density_that_was_not_retrained_is_one_shot(network, ese):
    layer, origin = chosen_layer(network, ese, "load_balanced", 0.25)
    assert origin.startswith("one-shot")
    assert nonzeros(layer, "Wir").sum() == 128 * 128 // 4
    with pytest.raises(InputError, match="did you mean 'block'"):
        pattern_parameters("blok", 0.1, ese, 128)


def test_damaged_folders_are_one_line(tmp_path):
    with pytest.raises(InputError, match=r"no dense\.safetensors"):
        load_recurrent_folder(tmp_path)
    for path in FOLDER.glob("*.safetensors"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    load_recurrent_folder(tmp_path)
    (tmp_path / "speech.safetensors").write_bytes((FOLDER / "speech.safetensors").read_bytes()[:99])
    with pytest.raises(FormatError) as caught:
        load_recurrent_folder(tmp_path)
    assert "\n" not in str(caught.value)
    (tmp_path / "speech.safetensors").write_bytes((FOLDER / "dense.safetensors").read_bytes())
    with pytest.raises(FormatError, match=r"no array 'inputs'|input_frac_bits"):
        load_recurrent_folder(tmp_path)


def test_the_readme_tells_the_results(results):
    text = (FOLDER.parent / "README.md").read_text("utf-8").split("## silero-lstm")[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    rows = [row for row in rows if len(row) == 6 and row[1] in RETRAINED]
    assert len(rows) == len(RETRAINED) * len(PERCENTS)
    for density, pattern, *figures in rows:
        (said,) = [r for r in results[pattern].values()
                   if abs(r["kept_percent"] - float(density)) < 0.1]
        want = [said[when][what] for when in ("one_shot", "retrained")
                for what in ("relative_error", "agree_percent")]
        for figure, value, step in zip(figures, want, (0.001, 0.1, 0.001, 0.1), strict=True):
            assert abs(float(figure) - value) <= 0.51 * step
    assert f"{results['cpu_s']} s of processor time" in text
    assert f"{results['input_nonzero_percent']:.1f} %" in text
