"""Our waveform beside the RTL's: the same names, and in every cycle the same values."""

import pytest

from accelsim.machines.eie.replay import replay
from accelsim.machines.trace import trace_writer
from accelsim.rtl_bridge.run import Window, run_layer
from tests.contracts.cases import make_case
from tests.report.waves import read_waves
from tests.rtl.bench import BUILDS, RTL

PLAIN = {
    "seed": 7, "n_in": 30, "n_out": 24, "weights": 0.5, "active": 0.6, "bias": True,
    "values": "any", "shift": 12, "overrides": {"n_pe": 3, "capacity": "check"},
}
CASES = {
    "plain": ({}, {}),
    "a short queue": ({}, {"act_queue_depth": 1}),
    "no bypass": ({"weights": 0.9}, {"bypass": False}),
    "batches and tiles": ({"n_out": 30}, {"regfile_depth": 4}),
    "biases": ({"n_out": 30, "bias": "exact"}, {"regfile_depth": 4}),
    "long runs": ({"weights": 0.1, "n_out": 60}, {"index_bits": 2}),
    "saturating": ({"values": "bounds", "shift": 0}, {"accumulator_bits": 8}),
}
# Valid in the cycles in which the signal after the colon is high; at other times the RTL shows
# what its registers happen to hold.
QUALIFIED = {
    "column": "broadcast", "activation": "broadcast", "column_i": "pop_o", "even_word_o": "pop_o",
    "odd_word_o": "pop_o", "entry": "busy_o", "end_i": "busy_o", "line_o": "line_read_o",
    "read_row_o": "mac_o", "write_row_o": "write_o", "write_value_o": "write_o",
}


def waves(case, first, last, folder):
    """(ours, the RTL's) of a window."""
    own, rtl = folder / "own.vcd", folder / "rtl.vcd"
    with own.open("w") as file, trace_writer(
        "vcd", file, case.config, case.job, range(case.config.n_pe)
    ) as trace:
        replay(case.config, case.job, first, last, trace)
    run_layer(case.config, case.job, [RTL], BUILDS, window=Window(rtl, first, last))
    return read_waves(own, first, 1250 * first, 1250), read_waves(rtl, first, ticks=2000)


def difference(own, rtl):
    """The first (cycle, signal, ours, the RTL's) that differs, or None."""
    for cycle, signals in own.items():
        for name, value in signals.items():
            scope, _, wire = name.rpartition(".")
            qualifier = QUALIFIED.get(wire)
            if qualifier is not None and not signals[f"{scope}.{qualifier}"]:
                continue
            if wire == "finished_o" and not signals["eie_array_tb.dut.compute"]:
                continue
            if rtl[cycle][name] != value:
                return cycle, name, value, rtl[cycle][name]
    return None


@pytest.mark.parametrize("name", CASES)
def test_waveforms_are_equal(name, tmp_path):
    words, overrides = CASES[name]
    case = make_case(**{**PLAIN, **words, "overrides": {**PLAIN["overrides"], **overrides}})
    own, rtl = waves(case, 3, 60, tmp_path)
    assert list(own) == list(range(3, 61))
    assert difference(own, rtl) is None


def test_a_difference_is_seen(tmp_path):
    own, rtl = waves(make_case(**PLAIN), 3, 30, tmp_path)
    rtl[17]["eie_array_tb.dut.g_pe[1].u_pe.u_act_queue.count_o"] += 1
    assert difference(own, rtl)[:2] == (17, "eie_array_tb.dut.g_pe[1].u_pe.u_act_queue.count_o")
