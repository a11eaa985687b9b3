"""The Verilog array on chosen layers: numbers of PEs, batches, a network of real weights."""

from __future__ import annotations

import time

import numpy as np
import pytest

from accelsim.api import choose_binary_points, make_job
from accelsim.compression import Recipe, compress
from accelsim.errors import UnsupportedError
from accelsim.machines import load_config, run_job
from accelsim.rtl_bridge.cosim import fast_seconds
from accelsim.rtl_bridge.run import run_layer, run_layers
from accelsim.workload import synthetic_layer
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL, difference, disagreement
from tests.rtl.lenet import lenet_chain

PES = [1, 3, 4, 16, 64]
LAYER = {"seed": 5, "n_in": 75, "n_out": 90, "weights": 0.2, "active": 0.6, "bias": True,
         "values": "any", "shift": 14}
SMALL = {"spmat_kb": 4.0, "pointer_kb": 5.0, "act_sram_kb": 0.5, "capacity": "check"}


@pytest.mark.parametrize("bypass", [True, False])
@pytest.mark.parametrize("n_pe", PES)
def test_any_number_of_pes(n_pe, bypass):
    case = make_case(overrides={**SMALL, "n_pe": n_pe, "bypass": bypass, "regfile_depth": 90},
                     **LAYER)
    assert disagreement(case) is None


@pytest.mark.parametrize("regfile_depth", [1, 2, 7, 16])
def test_batches_of_inputs_and_tiles_of_outputs(regfile_depth):
    case = make_case(overrides={**SMALL, "n_pe": 3, "regfile_depth": regfile_depth}, **LAYER)
    result = run_job("fast", case.config, case.job)
    assert result.counters.passes > 1
    assert result.counters.load_cycles
    assert result.counters.store_cycles
    assert disagreement(case) is None


def test_host_writes_and_fill_at_once_give_the_same_memories():
    case = make_case(overrides={**SMALL, "n_pe": 4}, **LAYER)
    assert disagreement(case, backdoor=False) is None
    assert disagreement(case, backdoor=True) is None


def test_without_counters_the_array_computes_the_same():
    case = make_case(overrides={**SMALL, "n_pe": 4}, **LAYER)
    rtl = run_layer(case.config, case.job, [RTL], BUILDS, counters=False)
    assert rtl.counters is None
    assert difference(case.config, case.job, rtl) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("empty_column_cycles", 0), ("row_change_cycles", 0)],
)
def test_what_the_rtl_does_not_have_is_refused_by_name(key, value):
    case = make_case(overrides={**SMALL, "n_pe": 4, key: value}, **LAYER)
    with pytest.raises(UnsupportedError, match=f"{key}={value}"):
        run_layer(case.config, case.job, [RTL], BUILDS)


@pytest.mark.parametrize("capacity", ["stream", "ignore"])
def test_a_layer_beyond_the_memories_is_refused(capacity):
    overrides = {**SMALL, "n_pe": 4, "capacity": capacity, "spmat_kb": 0.125}
    case = make_case(overrides=overrides, **LAYER)
    with pytest.raises(UnsupportedError, match=f"capacity='{capacity}'"):
        run_layer(case.config, case.job, [RTL], BUILDS)


@pytest.mark.parametrize("n_pe", PES)
def test_lenet_on_real_digits(n_pe):
    """Three layers in a row: the files swap, each layer reads what the one before computed."""
    config = load_config("eie", n_pe=n_pe, act_sram_kb=4.0, capacity="check")
    jobs = [job for digit in (0, 7) for job in lenet_chain(config, digit)]
    results = run_layers(config, jobs, [RTL], BUILDS)
    for (job, _), rtl in zip(jobs, results, strict=True):
        assert difference(config, job, rtl) is None, job.image.name


@pytest.mark.slow
def test_the_whole_nt_lstm_layer_on_64_pes(record_property):
    """2,400 outputs; also tells how fast Icarus runs beside the fast engine."""
    config = load_config("eie", capacity="check")
    layer = synthetic_layer("nt-lstm")
    packed, activations = compress(layer, Recipe()), layer.activations
    binary_points = choose_binary_points(config, packed)
    job = make_job(config, packed, activations, binary_points)
    fast = fast_seconds(config, job)
    started = time.perf_counter()
    rtl = run_layer(config, job, [RTL], BUILDS)
    slow = time.perf_counter() - started
    assert len(rtl.outputs) == 2400
    assert difference(config, job, rtl) is None
    record_property("rtl_cycles_per_second", rtl.cycles / slow)
    print(f"{rtl.cycles} cycles, RTL {rtl.cycles / slow:.0f} a second, "
          f"fast engine {slow / fast:.0f} times as fast")
    assert np.count_nonzero(rtl.outputs)
