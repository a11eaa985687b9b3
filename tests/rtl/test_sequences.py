"""Layers in sequence under one program (contract N1, N2): the host loads, starts and reads once."""

from dataclasses import replace

import numpy as np
import pytest

from accelsim.compression import Recipe, compress_network
from accelsim.errors import CapacityError, InputError, UnsupportedError
from accelsim.machines import load_config, run_job
from accelsim.machines.eie.rtl.images import Chained
from accelsim.machines.eie.rtl.program import sequence_parts
from accelsim.machines.eie.sequence import SequenceJob, make_sequence
from accelsim.network import calibrated, simulate_network
from accelsim.rtl_bridge import cosim
from accelsim.rtl_bridge.run import run_layers
from accelsim.workload import load_digits, load_network
from tests.rtl.bench import BUILDS, RTL, UNITS, difference
from tests.rtl.lenet import FOLDER
from tests.rtl.sequence_cases import random_sequences


def lenet(config, digit):
    images, labels = load_digits(FOLDER / "digits.safetensors")
    network = load_network(FOLDER / "pruned.safetensors")
    layers = calibrated(compress_network(network.layers, Recipe()), images)
    job = make_sequence(config, layers, images[digit])
    return layers, images[digit], labels[digit], job


def test_every_cycle_of_random_networks_is_equal():
    seen = {"biases": 0, "tiles": 0, "loads": 0, "shared": 0}
    for config, jobs in random_sequences(51, machines=7, each=2):
        for job in jobs:
            report = cosim(config, job, [RTL], BUILDS)
            assert report.equal, f"{report.told} of {[one.plan for one in job.layers]}"
            steps = [step for layer in job.layers for step in layer.plan]
            seen["biases"] += any(step.bias_rows for step in steps)
            seen["tiles"] += any(step.store_rows for step in steps)
            seen["loads"] += any(step.load_rows for step in steps)
            tables = {part.place.table for part in sequence_parts(config, job)}
            seen["shared"] += 1 < len(tables) < len(job.layers)
    assert all(seen.values()), seen


def test_the_second_simulator_agrees():
    for config, jobs in random_sequences(52, machines=1, each=8, max_pe=3):
        results = run_layers(config, [(job, None) for job in jobs], [RTL], BUILDS, sim="verilator")
        for job, rtl in zip(jobs, results, strict=True):
            assert difference(config, job, rtl) is None


def test_it_is_what_a_host_between_the_layers_gives():
    """The array against itself: without this program, layer by layer; neither asks the model."""
    for config, (job,) in random_sequences(53, machines=4, each=1):
        (whole,) = run_layers(config, [(job, None)], [RTL], BUILDS)
        apart = run_layers(config, [
            (layer, Chained(*job.reads[number - 1]) if number else None)
            for number, layer in enumerate(job.layers)], [RTL], BUILDS)
        assert np.array_equal(whole.outputs, apart[-1].outputs)
        assert whole.cycles == sum(one.cycles for one in apart)
        for name, value in whole.counters.items():
            told = [one.counters[name] for one in apart]
            want = np.max(told, axis=0) if name == "queue_occupancy_max" else np.sum(told, axis=0)
            assert np.array_equal(value, want), name


@pytest.mark.parametrize("sim", ["icarus", pytest.param("verilator", marks=pytest.mark.slow)])
def test_lenet_300_100_on_a_digit(sim):
    config = load_config("eie", n_pe=16, capacity="check", decoder_tables=3)
    layers, image, label, job = lenet(config, 7)
    report = cosim(config, job, [RTL], BUILDS, sim=sim)
    assert report.equal, report.told
    (results,) = simulate_network(config, layers, image)
    assert report.cycles_rtl == sum(result.cycles for result in results)
    (rtl,) = run_layers(config, [(job, None)], [RTL], BUILDS, sim=sim)
    assert np.array_equal(job.finished(rtl.outputs), results[-1].outputs)
    assert int(np.argmax(rtl.outputs)) == label


@pytest.mark.parametrize("engine", ["functional", "fast", "reference"])
def test_every_telling_takes_layers_in_sequence(engine):
    config = load_config("eie", n_pe=5, capacity="check", decoder_tables=3)
    layers, image, _, job = lenet(config, 0)
    told = run_job(engine, config, job)
    (results,) = simulate_network(config, layers, image, engine="fast")
    assert np.array_equal(job.finished(told.outputs), results[-1].outputs)
    if told.counters is not None:
        assert told.counters.cycles == sum(result.cycles for result in results)
        assert told.counters.macs.sum() == sum(r.counters.macs.sum() for r in results)


@pytest.mark.parametrize(("unit", "right", "wrong"), [
    ("ccu_program", "assign table_o           = table_number[pass_i]", "assign table_o = 0"),
    ("weight_decoder", "codebook[read_addr[AddrBits-1:0]]", "codebook[{1'b0, code_i}]"),
    ("ccu", "ends ? Idle : next_pass", "(ends || swap) ? Idle : next_pass"),
    ("act_rw", "select_q ^ swap_i", "select_q | swap_i"),
])
def test_a_planted_fault_is_seen(unit, right, wrong, tmp_path):
    text = UNITS[unit].read_text()
    assert right in text
    (tmp_path / f"{unit}.v").write_text(text.replace(right, wrong))
    config, (job,) = next(random_sequences(53, machines=1, each=1))
    assert cosim(config, job, [RTL], BUILDS).equal
    assert not cosim(config, job, [tmp_path, RTL], BUILDS).equal


def test_what_does_not_fit_together_is_told_with_its_remedy():
    config = load_config("eie", n_pe=16, capacity="check")
    *_, job = lenet(config, 7)
    for settings, told in (
        ({}, "3 codebooks, with room for 1; set decoder_tables=3"),
        ({"pointer_kb": 2.0}, "1,206 pointers a PE, with room for 1,024; set a larger pointer_kb"),
        ({"pointer_bits": 10}, "entries a PE, with room for 1,023; set more pointer_bits"),
    ):
        small = config.model_copy(update=settings)
        with pytest.raises(CapacityError, match=told):
            sequence_parts(small, job)


def test_what_is_no_sequence_is_refused():
    config = load_config("eie", n_pe=4, capacity="check", decoder_tables=3)
    layers, image, _, job = lenet(config, 7)
    with pytest.raises(UnsupportedError, match="layers in sequence run on the whole array"):
        cosim(config, job, [RTL], BUILDS, pe=0)
    with pytest.raises(InputError, match="read inputs of their own"):
        run_layers(config, [(job, None), (job, Chained(True, 0))], [RTL], BUILDS)
    order = np.arange(layers[0].n_outputs)[::-1].copy()
    turned = replace(layers[0], row_order=order)
    with pytest.raises(InputError, match="in another order"):
        make_sequence(config, [turned, *layers[1:]], image)
    assert isinstance(job, SequenceJob)
