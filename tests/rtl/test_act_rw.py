"""act_rw.v and the reference's register files and activation SRAM in lock step."""

import random

import cocotb
import pytest

from accelsim.fixedpoint import read_activations
from accelsim.machines.eie.reference.act_rw import ActRw
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from tests.rtl.lockstep import signed

IDLE = dict.fromkeys(
    ["swap_i", "clear_i", "write_i", "load_i", "bias_load_i", "store_i", "io_sram_i", "io_source_i",
     "io_destination_i", "io_we_i"], 0
)


async def io_write(dut, memory, address, value):
    await drive(dut, **IDLE | {memory: 1, "io_we_i": 1, "io_addr_i": address,
                               "io_row_i": address, "io_wdata_i": value})


async def io_read(dut, memory, address, want):
    for _ in range(2):
        await drive(dut, **IDLE | {memory: 1, "io_addr_i": address, "io_row_i": address})
    expect(dut, address, **{memory.removesuffix("_i") + "_rdata_o": want})


@cocotb.test()
async def host_writes_and_reads_every_word(dut):
    rows, words, bits = parameters(dut, "RegfileDepth", "ActSramWords", "RegisterBits")
    rng = random.Random(5)
    await start_and_reset(dut)
    for memory, size in (("io_sram_i", words), ("io_source_i", rows), ("io_destination_i", rows)):
        values = [signed(rng, bits) for _ in range(size)]
        for address in rng.sample(range(size), size):
            await io_write(dut, memory, address, values[address])
        for address, value in enumerate(values):
            await io_read(dut, memory, address, value)


@cocotb.test()
@cocotb.parametrize(relu=[0, 1], read_shift=[0, 3])
async def lock_step(dut, relu, read_shift):
    rows, words, sum_bits, activation_bits = parameters(
        dut, "RegfileDepth", "ActSramWords", "AccumulatorBits", "ActivationBits"
    )
    rng = random.Random(6)
    model = ActRw(rows, words)
    await start_and_reset(dut)
    for address in range(words):
        model.sram[address] = signed(rng, sum_bits)
        await io_write(dut, "io_sram_i", address, model.sram[address])
    loading = ""
    swaps = 0
    for cycle in range(1000):
        kind = rng.choice(["write", "write", "load", "bias", "store", "start", "none"])
        if loading:  # a word is on its way; as in a load or bias phase, nothing else happens
            kind = rng.choice([loading, "none"])
        scan_row, read_row, row = (rng.randrange(rows) for _ in range(3))
        address, value = rng.randrange(words), signed(rng, sum_bits)
        swap, clear = (rng.getrandbits(1) for _ in range(2)) if kind == "start" else (0, 0)
        await drive(
            dut, **IDLE | {"relu_i": relu, "read_shift_i": read_shift, "swap_i": swap,
                           "clear_i": clear, "scan_row_i": scan_row, "read_row_i": read_row,
                           "write_i": kind == "write", "write_row_i": row,
                           "write_value_i": value, "load_i": kind == "load",
                           "bias_load_i": kind == "bias",
                           "store_i": kind == "store", "batch_row_i": row,
                           "batch_addr_i": address})
        scanned = int(read_activations(model.read(scan_row), bool(relu), read_shift,
                                       activation_bits))
        expect(dut, cycle, scan_value_o=scanned, load_write_o=loading == "load",
               bias_write_o=loading == "bias",
               read_value_o=None if kind == "store" else model.destination[read_row])
        if kind == "write":
            model.destination[row] = value
        if swap:
            swaps += 1
            model.swap()
        if clear:
            model.clear()
        if "bias" in (kind, loading):
            model.load_bias((address, row) if kind == "bias" else None)
        else:
            model.load((address, row) if kind == "load" else None,
                       (address, row) if kind == "store" else None)
        loading = kind if kind in ("load", "bias") else ""
    assert swaps > 10
    await drive(dut, **IDLE)  # in which a word on its way arrives
    (model.load_bias if loading == "bias" else lambda row: model.load(row, None))(None)
    for address in range(words):
        await io_read(dut, "io_sram_i", address, model.sram[address])
    for row in range(rows):
        await io_read(dut, "io_source_i", row, model.source[row])


@pytest.mark.parametrize(
    ("depth", "words", "activation_bits", "sum_bits"),
    [(6, 11, 16, 16), (1, 2, 8, 24), (16, 5, 20, 9)],
)
def test_act_rw(depth, words, activation_bits, sum_bits):
    from tests.rtl.bench import simulate_unit

    bits = max(activation_bits, sum_bits)
    simulate_unit("act_rw", __name__, {
        "RegfileDepth": depth, "RowBits": max(1, (depth - 1).bit_length()),
        "ActSramWords": words, "ActAddrBits": (words - 1).bit_length(),
        "ActivationBits": activation_bits, "AccumulatorBits": sum_bits,
        "RegisterBits": bits, "ReadShiftBits": bits.bit_length(),
    })
