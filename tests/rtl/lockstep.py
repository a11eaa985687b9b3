"""Helpers of the cocotb benches: inputs change at the falling edge, then everything is compared.

    await start_and_reset(dut)
    for cycle in range(2000):
        await drive(dut, push_i=1, data_i=5)     # falling edge, then all wires settle
        expect(dut, cycle, full_o=model.full)
        model.load()                             # the rising edge comes with the next drive
"""

from __future__ import annotations

import cocotb
from cocotb.clock import Clock
from cocotb.handle import ValueObjectBase
from cocotb.triggers import FallingEdge, ReadOnly


async def start_and_reset(dut):
    """All inputs zero, clock running, two cycles of reset."""
    for handle in dut:
        if isinstance(handle, ValueObjectBase) and handle._name.endswith("_i"):
            handle.value = 0
    has_reset = hasattr(dut, "rst_ni")
    if has_reset:
        dut.rst_ni.value = 0
    cocotb.start_soon(Clock(dut.clk_i, 2, unit="ns").start())
    for _ in range(2):
        await FallingEdge(dut.clk_i)
    if has_reset:
        dut.rst_ni.value = 1


async def drive(dut, **inputs):
    """At the next falling edge give these inputs; returns when every wire has settled."""
    await FallingEdge(dut.clk_i)
    await settle(dut, **inputs)


async def settle(dut, **inputs):
    """Give these inputs now; returns when every wire has settled."""
    for name, value in inputs.items():
        handle = getattr(dut, name)
        handle.value = int(value) & ((1 << len(handle)) - 1)
    await ReadOnly()


def expect(dut, cycle, **outputs):
    """Compare outputs with integers, two's complement; None is not looked at."""
    for name, want in outputs.items():
        if want is None:
            continue
        handle = getattr(dut, name)
        value = handle.value
        assert value.is_resolvable, f"cycle {cycle}: {name} is {value}, expected {int(want)}"
        bits = int(want) & ((1 << len(handle)) - 1)
        assert int(value) == bits, f"cycle {cycle}: {name} is {int(value):#x}, expected {bits:#x}"


def parameters(dut, *names):
    """Values of Verilog parameters."""
    return [int(getattr(dut, name).value) for name in names]


def signed(rng, bits):
    """A number of ``bits`` bits: small, extreme, or anything."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    kind = rng.random()
    if kind < 0.2:
        return rng.choice([low, high, low + 1, high - 1])
    if kind < 0.4:
        return rng.randint(max(low, -3), min(high, 3))
    return rng.randint(low, high)
