"""lnzd_tree.v and the reference's tree on random rows."""

import random

import cocotb
import pytest
from cocotb.triggers import Timer

from accelsim.machines.eie.reference.lnzd_tree import LnzdTree
from accelsim.rtl_bridge.bench import expect, parameters
from tests.rtl.lockstep import signed


@cocotb.test()
@cocotb.parametrize(density=[0.02, 0.2, 0.9])
async def first_non_zero(dut, density):
    n_pe, bits = parameters(dut, "NPe", "ActivationBits")
    model, rng = LnzdTree(), random.Random(7)
    mask = (1 << bits) - 1
    for cycle in range(300):
        values = [signed(rng, bits) if rng.random() < density else 0 for _ in range(n_pe)]
        position = rng.choice([0, n_pe - 1, rng.randrange(n_pe)])
        dut.values_i.value = sum((v & mask) << (i * bits) for i, v in enumerate(values))
        dut.position_i.value = position
        await Timer(1, unit="ns")
        found = model.first(values, position)
        expect(dut, cycle, found_o=found is not None, index_o=found,
               value_o=None if found is None else values[found])


@pytest.mark.parametrize("n_pe", [1, 2, 3, 4, 5, 17, 64])
def test_lnzd_tree(n_pe):
    from tests.rtl.bench import simulate_unit

    bits = max(1, (n_pe - 1).bit_length())
    simulate_unit("lnzd_tree", __name__, {"NPe": n_pe, "PositionBits": bits, "ActivationBits": 6})
