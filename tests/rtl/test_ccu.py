"""ccu.v, its scan and its program, and the reference's control unit in lock step.

The bench is everything around it: register rows, the LNZD tree, full queues and busy PEs.
"""

import random

import cocotb
import pytest
from cocotb.triggers import FallingEdge

from accelsim.machines import load_config
from accelsim.machines.eie.plan import Pass
from accelsim.machines.eie.reference.ccu import Ccu
from accelsim.machines.eie.reference.lnzd_tree import LnzdTree
from accelsim.machines.eie.rtl.images import PROGRAM_FIELDS
from accelsim.machines.eie.rtl.params import CCU_COUNTERS
from accelsim.rtl_bridge.bench import drive, expect, parameters, settle, start_and_reset
from tests.rtl.lockstep import signed

SHIFTS = (5, 2, 1)  # shift, read_shift, relu


def random_plan(rng, max_rows):
    """Passes over batches of rows; the first of a batch loads them."""
    plan = []
    loads = rng.random() < 0.5
    biased = rng.random() < 0.5
    for tile in range(rng.randint(1, 3)):
        first = 0
        for _ in range(rng.randint(1, 3)):
            rows = rng.randint(1, max_rows)
            plan.append(Pass(tile, first, rows, first == 0, rng.random() < 0.5,
                             rows if loads else 0, rng.choice([0, 1, max_rows]), 0,
                             rng.randint(1, max_rows) if biased and first == 0 else 0))
            first += rows if loads else 0
    return plan


async def write_program(dut, plan, n_pe, depth, bias):
    for number, step in enumerate(plan):
        fields = {
            "flags": (number == len(plan) - 1) | (number == 0) << 1 | step.clear << 2
                     | step.bias << 3 | SHIFTS[2] << 4,
            "shift": SHIFTS[0], "read_shift": SHIFTS[1], "bias_activation": bias & 0xFFFFFFFF,
            "first_column": step.first_row * n_pe, "n_rows": step.n_rows,
            "load_rows": step.load_rows, "load_addr": step.first_row,
            "store_rows": step.store_rows, "store_addr": store_base(plan) + step.tile * depth,
            "bias_rows": step.bias_rows, "bias_addr": bias_base(plan) + step.tile * depth,
            "table": number % 4,
        }
        for index, name in enumerate(PROGRAM_FIELDS):
            await drive(dut, program_write_i=1, program_addr_i=number * 16 + index,
                        program_data_i=fields[name])
    await drive(dut, program_write_i=0)


def store_base(plan):
    return max((step.first_row + step.load_rows for step in plan if step.load_rows), default=0)


def bias_base(plan):
    return store_base(plan) + sum(step.store_rows for step in plan)


def packed(entry):
    """(address, row) or Nones."""
    return entry if entry is not None else (None, None)


@cocotb.test()
@cocotb.parametrize(full_rate=[0.0, 0.5], busy_rate=[0.0, 0.7], density=[0.1, 0.7])
async def lock_step(dut, full_rate, busy_rate, density):
    n_pe, bits, row_bits = parameters(dut, "NPe", "ActivationBits", "RowBits")
    depth = 1 << row_bits
    rng, tree = random.Random(12), LnzdTree()
    (starts,) = parameters(dut, "StartCycles")
    config = load_config("eie", n_pe=n_pe, regfile_depth=depth, activation_bits=bits,
                         start_cycles=starts)
    await start_and_reset(dut)
    for _ in range(6):
        plan, bias = random_plan(rng, depth), signed(rng, bits)
        source = [[signed(rng, bits) if rng.random() < density else 0 for _ in range(n_pe)]
                  for _ in range(depth)]
        begun = []
        model = Ccu(config, plan, bias, begun.append, source.__getitem__)
        await write_program(dut, plan, n_pe, depth, bias)
        expect(dut, -1, idle_o=1, running_o=0)
        await drive(dut, start_i=1)
        expect(dut, -1, layer_start_o=1, pass_start_o=starts == 0)
        cycle = 0
        while True:
            full = [rng.random() < full_rate / n_pe for _ in range(n_pe)]
            busy = rng.random() < busy_rate
            # A pass begins behind the cycle in which pass_start_o says so.
            told, number = int(dut.pass_start_o.value), len(begun)
            if told:
                expect(dut, cycle - 1, swap_o=number == 0, clear_o=plan[number].clear)
            going = model.decide(full, busy)
            assert len(begun) - number == told, f"cycle {cycle}: pass_start_o was {told}"
            await FallingEdge(dut.clk_i)
            row = source[int(dut.scan_row_o.value)]
            found = tree.first(row, int(dut.position_o.value))
            await settle(dut, start_i=0, full_i=any(full), busy_i=busy,
                         found_i=found is not None, index_i=found or 0,
                         value_i=0 if found is None else row[found])
            if not going:
                break
            check(dut, cycle, model, plan, begun, n_pe)
            model.load()
            cycle += 1
        expect(dut, cycle, done_o=1, idle_o=1, running_o=0, compute_o=0)
        await check_counters(dut, model, cycle, len(plan))


def check(dut, cycle, model, plan, begun, n_pe):
    """Everything that the control unit says in this cycle."""
    phase, scan = model.phase, model.scan
    scans = phase == "compute" and not scan.finished
    column, activation = model.broadcast or (None, None)
    addr, row = packed(model.load_row or model.bias_row or model.store_row)
    expect(
        dut, cycle, running_o=1, idle_o=0, done_o=0, start_o=phase == "start",
        compute_o=phase == "compute", drain_o=phase == "drain", store_o=phase == "store",
        load_o=model.load_row is not None, bias_load_o=model.bias_row is not None,
        broadcast_o=model.broadcast is not None,
        column_o=column, activation_o=activation,
        row_change_o=scans and scan.found is None,
        blocked_o=scans and scan.found is not None and model.broadcast is None,
        batch_addr_o=addr, batch_row_o=row,
        shift_o=SHIFTS[0], read_shift_o=SHIFTS[1], relu_o=SHIFTS[2], table_o=model.number % 4,
        # The bias row is found without the tree; nothing else is behind a pass's rows.
        looks_o=scans and not at_bias(scan, plan[len(begun) - 1], n_pe),
    )


def at_bias(scan, step, n_pe):
    """Whether the row at hand is the one that holds 1.0."""
    n_rows = step.first_row + step.n_rows
    return step.bias and scan.found is not None and scan.item[0] == n_rows * n_pe


async def check_counters(dut, model, cycles, passes):
    told = {"cycles": cycles, "passes": passes} | {
        f"{phase}_cycles": model.phase_cycles[phase]
        for phase in ("start", "load", "bias", "drain", "store")
    }
    for index, name in enumerate(CCU_COUNTERS):
        want = told[name] if name in told else getattr(model, name)
        await drive(dut, counter_index_i=index)
        expect(dut, f"counter {name}", counter_o=want)


@pytest.mark.parametrize(("n_pe", "row_bits", "starts"), [(1, 1, 1), (4, 2, 0), (5, 3, 3)])
def test_ccu(n_pe, row_bits, starts):
    from tests.rtl.bench import simulate_unit

    simulate_unit("ccu", __name__, {
        "NPe": n_pe, "PositionBits": max(1, (n_pe - 1).bit_length()), "RowBits": row_bits,
        "RowCountBits": row_bits + 1, "ColumnBits": 9, "ActivationBits": 6, "DataBits": 32,
        "ActAddrBits": 7, "StartCycles": starts, "TableBits": 2,
    })
