"""Units without a twin in the reference: the codebook, the memories, rounding and saturation."""

import random

import cocotb
import pytest
from cocotb.triggers import Timer

from accelsim import fixedpoint
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from tests.rtl.lockstep import signed


@cocotb.test()
async def weight_decoder(dut):
    code_bits, bits = parameters(dut, "WeightBits", "WeightValueBits")
    rng, table = random.Random(8), {}
    await start_and_reset(dut)
    for cycle in range(1000):
        code, write, weight = rng.getrandbits(code_bits), rng.getrandbits(1), signed(rng, bits)
        target = rng.getrandbits(code_bits)
        await drive(dut, code_i=code, write_i=write, write_code_i=target, write_weight_i=weight)
        expect(dut, cycle, weight_o=table.get(code))
        if write:
            table[target] = weight
    assert len(table) == 1 << code_bits


@cocotb.test()
async def sram_1rw(dut):
    depth, bits = parameters(dut, "Depth", "Width")
    rng, memory, shown = random.Random(9), {}, None
    await start_and_reset(dut)
    for cycle in range(1000):
        address, value = rng.randrange(depth), rng.getrandbits(bits)
        enable, write = rng.getrandbits(1), rng.getrandbits(1)
        await drive(dut, en_i=enable, we_i=write, addr_i=address, wdata_i=value)
        expect(dut, cycle, rdata_o=shown)
        if enable and write:
            memory[address] = value
        elif enable:
            shown = memory.get(address)


@cocotb.test()
async def regfile(dut):
    depth, bits = parameters(dut, "Depth", "Width")
    rng, words = random.Random(10), {}
    await start_and_reset(dut)
    for cycle in range(1000):
        read, row, value = rng.randrange(depth), rng.randrange(depth), rng.getrandbits(bits)
        write, clear = rng.getrandbits(1), rng.random() < 0.05
        await drive(dut, read_row_i=read, write_i=write, write_row_i=row, write_value_i=value,
                    clear_i=clear)
        expect(dut, cycle, read_value_o=words.get(read, 0))
        if clear:
            words = {}
        if write:
            words[row] = value


@cocotb.test()
async def round_shift(dut):
    (bits,) = parameters(dut, "Width")
    rng = random.Random(11)
    for cycle in range(1000):
        value, shift = signed(rng, bits), rng.randint(0, bits)
        dut.value_i.value = value & ((1 << bits) - 1)
        dut.shift_i.value = shift
        await Timer(1, unit="ns")
        floor = dut.floor_o.value.to_signed()
        rounded = floor + int(dut.carry_o.value)
        assert rounded == fixedpoint.shift_right(value, shift), f"{cycle}: {value} >> {shift}"
        assert floor == value >> shift, f"{cycle}: the floor of {value} >> {shift}"


@cocotb.test()
async def saturate(dut):
    bits, out_bits = parameters(dut, "InBits", "OutBits")
    for value in range(-(1 << (bits - 1)), 1 << (bits - 1)):
        dut.value_i.value = value & ((1 << bits) - 1)
        await Timer(1, unit="ns")
        want = fixedpoint.saturate(value, out_bits)
        expect(dut, value, value_o=want, saturated_o=want != value)


UNITS = {
    "weight_decoder": {"WeightBits": 4, "WeightValueBits": 16},
    "sram_1rw": {"Depth": 5, "Width": 9, "AddrBits": 3},
    "regfile": {"Depth": 5, "Width": 9, "RowBits": 3},
    "round_shift": {"Width": 7, "ShiftBits": 3},
    "saturate": {"InBits": 9, "OutBits": 5},
}


@pytest.mark.parametrize("unit", UNITS)
def test_small_unit(unit):
    from tests.rtl.bench import simulate_unit

    simulate_unit(unit, __name__, UNITS[unit], testcase=unit)
