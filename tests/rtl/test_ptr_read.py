"""ptr_read.v and the reference's pointer read in lock step, pointers loaded by I/O."""

import random

import cocotb
import pytest

from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from accelsim.units.ptr_read import PtrRead


@cocotb.test()
@cocotb.parametrize(head_rate=[0.3, 0.95], free_rate=[0.3, 0.95])
async def lock_step(dut, head_rate, free_rate):
    bits, words, activation_bits = parameters(dut, "PointerBits", "PointerWords", "ActivationBits")
    rng = random.Random(2)
    pointers = [rng.getrandbits(bits) for _ in range(words)]
    await start_and_reset(dut)
    for address in rng.sample(range(words), words):
        await drive(dut, io_en_i=1, io_we_i=1, io_addr_i=address, io_wdata_i=pointers[address])
    for address in rng.sample(range(words), words):
        for _ in range(2):
            await drive(dut, io_en_i=1, io_we_i=0, io_addr_i=address)
        expect(dut, address, io_rdata_o=pointers[address], pop_o=0)
    model = PtrRead(1)
    model.fill(pointers[0::2], pointers[1::2])
    model.begin(0)
    items, held = [], None
    await drive(dut, io_en_i=0, io_addr_i=0)
    for cycle in range(1000):
        if not items and rng.random() < head_rate:
            items = [(rng.randrange(words - 1), rng.getrandbits(activation_bits))]
        free = rng.random() < free_rate
        model.decide(items, free)
        head = items[0] if items else (rng.getrandbits(1), 0)
        await drive(dut, valid_i=bool(items), column_i=head[0], activation_i=head[1], free_i=free)
        expect(dut, cycle, pop_o=model.pops)
        if model.pops:
            expect(dut, cycle, even_word_o=head[0] + head[0] % 2,
                   odd_word_o=head[0] + 1 - head[0] % 2)
        if held:
            expect(dut, cycle, begin_o=held[0], end_o=held[1], activation_o=held[2])
        if model.pops:
            items = []
        held = model.load() or held


@pytest.mark.parametrize(
    ("words", "bits", "columns"), [(2, 4, 1), (3, 7, 2), (20, 16, 5), (65, 32, 7)]
)
def test_ptr_read(words, bits, columns):
    from tests.rtl.bench import simulate_unit

    simulate_unit("ptr_read", __name__, {"PointerWords": words, "PointerBits": bits,
                                         "ColumnBits": columns, "ActivationBits": 5})
