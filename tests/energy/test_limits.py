"""What a process, a clock and memories allow, each rule from both sides."""

import numpy as np
import pytest

import accelsim
from accelsim.energy.choice import SramChoice
from accelsim.energy.limits import Asked, physical_limits
from accelsim.energy.process import Process, critical_path_ns
from accelsim.energy.sram import load_sram_table
from accelsim.errors import ConfigError
from accelsim.machines import get_machine, load_machine, machine_names
from accelsim.records import CompressedLayer, CscMatrix
from accelsim.records.limits import Limit, worst


def dense(n_out, n_in):
    """Every weight stored: entries of a PE are its rows times the columns."""
    codebook = np.zeros(16, dtype=np.float32)
    codebook[1] = 1.0
    return CompressedLayer(CscMatrix.from_dense(np.ones((n_out, n_in), np.uint8)), codebook, 4, 4)


def limits(n_out=8, n_in=20, **overrides):
    config = accelsim.load_config("eie", **{"n_pe": 2, "capacity": "ignore", **overrides})
    result = accelsim.simulate(config, dense(n_out, n_in), np.ones(n_in), outputs=False)
    assert result.feasible == (not result.limits)
    return {limit.what: limit for limit in result.limits}


@pytest.mark.parametrize(
    ("fits", "does_not", "what", "value", "limit"),
    [
        # 4 rows x 20 columns are 80 entries a PE, ten lines of 64 bits: 80 bytes.
        ({"spmat_kb": 80 / 1024}, {"spmat_kb": 79 / 1024}, "SpMat SRAM", 80, 72),
        ({"pointer_bits": 7}, {"pointer_bits": 6}, "pointer width", 80, 63),
        # 21 pointers of 16 bits are 42 bytes.
        ({"pointer_kb": 42 / 1024}, {"pointer_kb": 40 / 1024}, "pointer SRAM", 21, 20),
        # 20 inputs on 2 PEs.
        ({"regfile_depth": 10}, {"regfile_depth": 9}, "register files", 10, 9),
        # EIE's path of 1.15 ns: 869.6 MHz.
        ({"clock_mhz": 869.0}, {"clock_mhz": 870.0}, "critical path", 1.15, 1e3 / 870),
        ({"clock_mhz": 434.0, "weight_value_bits": 32, "activation_bits": 32},
         {"clock_mhz": 800.0, "weight_value_bits": 32, "activation_bits": 32},
         "critical path", 1.15 * 5 / 4, 1.25),
        ({"spmat_width_bits": 512}, {"spmat_width_bits": 1024},
         "SpMat SRAM, reach of the SRAM table", 1024, 512),
        ({"spmat_kb": 1024.0}, {"spmat_kb": 2048.0}, "SpMat SRAM, reach of the SRAM table",
         2048, 1024),
    ],
)
def test_each_limit_from_both_sides(fits, does_not, what, value, limit):
    assert what not in limits(**fits)
    found = limits(**does_not)[what]
    assert (found.value, found.limit) == (pytest.approx(value), pytest.approx(limit))
    assert found.remedy
    assert "\n" not in found.line


def test_the_remedies_of_a_layer_that_does_not_fit_do():
    small = {"spmat_kb": 0.05, "pointer_bits": 5, "pointer_kb": 0.015, "regfile_depth": 4}
    found = limits(**small)
    assert list(found) == ["SpMat SRAM", "pointer width", "pointer SRAM", "register files"]
    settings = dict(word.rstrip(",").split("=") for limit in found.values()
                    for word in limit.remedy.split() if word.split("=")[0] in small)
    larger = {key: type(small[key])(settings[key]) for key in small}
    assert not limits(**larger)


def test_a_memory_that_may_be_flip_flops_is_no_limit():
    assert not limits(act_sram_kb=0.01)


def test_every_machine_says_what_its_clock_allows():
    """A machine's own jobs, at its clock and at one that nothing reaches."""
    rng = np.random.default_rng(1)
    seen = set()
    for name in machine_names():
        machine = get_machine(name)
        overrides, work, inputs = machine.part("cases")(rng)
        for clock_mhz in (10.0, 20_000.0):
            config = load_machine(name, **{**overrides, "clock_mhz": clock_mhz})
            result = machine.finish(config, machine.job(config, work, inputs))
            slow = {limit.what for limit in result.limits if limit.unit == "ns"}
            assert bool(slow) == (clock_mhz > 10)
            assert "critical path" in slow or clock_mhz == 10
        seen.add(name)
    assert seen >= {"eie", "ese", "bbs"}


def test_device_types_are_chosen_by_the_clock():
    """The least leakage that reaches it: 128 KB x 64 bits cycle in 1.10, 0.87 and 0.80 ns."""
    chosen = [SramChoice(accelsim.load_config("eie", clock_mhz=float(mhz)), "800mhz").at(128, 64)
              for mhz in (800, 900, 1100, 1200, 5000)]
    assert [array.device for array in chosen] == ["lstp", "lstp", "mixed", "hp", "lstp"]
    assert chosen[0] == load_sram_table("lstp", "800mhz").at(128, 64)
    slow = physical_limits(accelsim.load_config("eie", clock_mhz=5000.0), [
        Asked("SRAM", 128, 64, SramChoice(accelsim.load_config("eie", clock_mhz=5000.0), "800mhz")),
    ], 16, 16)
    assert [limit.what for limit in slow] == ["SRAM, cycle", "critical path"]
    # hp, the fastest: 0.795423 ns.
    assert "clock_mhz=1257" in slow[0].remedy


def test_the_worst_layer_is_told():
    a, b = Limit("m", 3, 2, "KB", "more", "a"), Limit("m", 4, 2, "KB", "more", "b")
    assert worst([a, Limit("n", 1, 0, "KB", "more"), b]) == (b, Limit("n", 1, 0, "KB", "more"))


def test_five_of_nine_pe_counts_of_the_sweep_cannot_hold_the_layer():
    """Alex-7 from 1 to 256 PEs of 128 KB and 16-bit pointers; the register files of 32 hold its
    4,096 inputs in two passes alone, which "ignore" does not time."""
    layer = accelsim.load_layer("alex-7")
    packed = accelsim.compress(layer)
    weights, vectors = [], []
    for n_pe in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        config = accelsim.load_config("eie", capacity="ignore", n_pe=n_pe)
        job = get_machine("eie").job(config, packed, layer.activations)
        told = {limit.what for limit in get_machine("eie").part("limits")(config, job, None)}
        weights += [n_pe] * bool(told & {"SpMat SRAM", "pointer width", "pointer SRAM"})
        vectors += [n_pe] * ("register files" in told)
    assert weights == [1, 2, 4, 8, 16]
    assert vectors == [1, 2, 4, 8, 16, 32]


def test_processes_out_of_range_are_one_line():
    for overrides in ({"node_nm": 32}, {"voltage_ratio": 0.5}):
        with pytest.raises(ConfigError) as caught:
            accelsim.load_config("eie", **overrides)
        assert "\n" not in str(caught.value)


def test_logic_follows_node_and_voltage():
    assert critical_path_ns(Process(), 16, 16) == pytest.approx(1.15)
    assert critical_path_ns(Process(), 8, 8) == pytest.approx(1.15)
    assert critical_path_ns(Process(), 64, 64) == pytest.approx(1.15 * 6 / 4)
    # The alpha-power law by hand, at 0.8 of the voltage.
    slower = 0.8 * (0.543 / 0.343) ** 1.3
    assert critical_path_ns(Process(28, 0.8), 16, 16) == pytest.approx(1.15 * 0.821 * slower)
