"""arith_unit.v and the reference's ArithmUnit in lock step; the bench is the register file."""

import random

import cocotb
import pytest

from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from accelsim.units.arith_unit import ArithUnit
from accelsim.units.weight_decoder import WeightDecoder
from tests.rtl.lockstep import signed


def next_entry(rng, rows, last_row, codebook, activation_bits, run_bits):
    """An entry for stage 1 as (code, run, activation, first), and its row; rows stay in the file.

    Rows are drawn close together, so that accumulators meet in flight.
    """
    first = last_row + 1 >= rows or rng.random() < 0.6
    left = rows - 1 - (-1 if first else last_row) - 1
    run = rng.randint(0, min(left, (1 << run_bits) - 1, 2))
    code = 0 if rng.random() < 0.2 else rng.randrange(1, len(codebook))
    row = run if first else last_row + run + 1
    return (code, run, signed(rng, activation_bits), first), row


@cocotb.test()
@cocotb.parametrize(idle_rate=[0.0, 0.5], shift=[0, 1, 9])
async def lock_step(dut, idle_rate, shift):
    run_bits, row_bits, activation_bits, weight_bits, sum_bits, bypass = parameters(
        dut, "IndexBits", "RowBits", "ActivationBits", "WeightValueBits", "AccumulatorBits",
        "Bypass"
    )
    rng = random.Random(4)
    shift = min(shift, activation_bits + weight_bits)
    codebook = [0] + [signed(rng, weight_bits) for _ in range(15)]
    model = ArithUnit(WeightDecoder(codebook), shift, sum_bits, bool(bypass))
    rows = 1 << row_bits
    file = [0] * rows
    stage1, last_row = None, rows
    seen = set()
    await start_and_reset(dut)
    for cycle in range(1000):
        counts = model.adder_bypasses, model.write_bypasses, model.saturations
        waits = model.waits
        await drive(
            dut, shift_i=shift, valid_i=stage1 is not None,
            first_i=(stage1 and stage1[3]) or 0, padding_i=stage1 is not None and not stage1[0],
            run_i=(stage1 and stage1[1]) or 0,
            weight_i=codebook[stage1[0]] if stage1 else rng.getrandbits(weight_bits),
            activation_i=(stage1 and stage1[2]) or 0,
            read_value_i=file[model.row2] if model.row2 >= 0 else rng.getrandbits(sum_bits),
        )
        expect(dut, cycle, wait_o=waits, mac_o=model.row2 >= 0, write_o=model.row4 >= 0,
               padding_o=stage1 is not None and stage1[0] == 0 and not waits)
        if model.row2 >= 0:
            expect(dut, cycle, read_row_o=model.row2)
        if model.row4 >= 0:
            expect(dut, cycle, write_row_o=model.row4, write_value_o=model.sum4)
        entry = None
        if not waits and rng.random() >= idle_rate:
            entry, last_row = next_entry(rng, rows, last_row, codebook, activation_bits, run_bits)
        model.load(entry, file)
        expect(dut, cycle, adder_bypass_o=model.adder_bypasses - counts[0],
               write_bypass_o=model.write_bypasses - counts[1],
               saturation_o=model.saturations - counts[2])
        if model.saturations > counts[2]:
            seen.add("high" if model.sum4 > 0 else "low")
        seen |= {name for name, hit in (("adder", model.adder_bypasses > counts[0]),
                                        ("write", model.write_bypasses > counts[1]),
                                        ("wait", waits)) if hit}
        if not waits:
            stage1 = entry
    want = {"adder", "write"} if bypass else {"wait"}
    if shift < 9:
        want |= {"high", "low"}
    assert want <= seen


@pytest.mark.parametrize("bypass", [0, 1])
@pytest.mark.parametrize(
    ("weight_bits", "activation_bits", "sum_bits"), [(16, 16, 16), (8, 5, 12), (2, 32, 4)]
)
def test_arith_unit(weight_bits, activation_bits, sum_bits, bypass):
    from tests.rtl.bench import simulate_unit

    simulate_unit("arith_unit", __name__, {
        "WeightValueBits": weight_bits, "ActivationBits": activation_bits,
        "AccumulatorBits": sum_bits, "Bypass": bypass, "RowBits": 2, "IndexBits": 3,
        "ShiftBits": (weight_bits + activation_bits).bit_length(),
    })
