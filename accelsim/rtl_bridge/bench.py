"""Benches of units in cocotb: drivers, monitors, a scoreboard, and runs that can be replayed.

Inputs change at the falling edge, then everything is looked at; registers load at the rising edge:

    @cocotb.test()
    async def in_order(dut):
        board = Scoreboard("data_o")
        await start_and_reset(dut)
        Monitor(dut, ["data_o"], when="pop_i", saw=board.saw)
        for cycle in range(2000):
            await drive(dut, push_i=1, data_i=5)
            expect(dut, cycle, full_o=model.full)
            board.expect(5)

`run_bench` compiles a unit and runs such tests. A failing one is run again with a waveform, and the
report has the command that replays it. `play_pe` plays one PE what the array would give it.
`rtl/README.md` has an example for a PE of one's own.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import ValueObjectBase
from cocotb.triggers import FallingEdge, ReadOnly

from accelsim.machines import machine_of
from accelsim.rtl_bridge.bench_run import BenchReport, Failure, run_bench
from accelsim.rtl_bridge.pe_bench import pe_of

__all__ = [
    "BenchReport", "Failure", "Monitor", "Scoreboard", "drive", "expect", "parameters", "play_pe",
    "run_bench", "settle", "start_and_reset",
]


async def start_and_reset(dut: Any) -> None:
    """All inputs (``*_i``) zero, clock running (``clk_i``), two cycles of reset (``rst_ni``)."""
    for handle in dut:
        if isinstance(handle, ValueObjectBase) and handle._name.endswith("_i"):
            handle.value = 0
    has_reset = hasattr(dut, "rst_ni")
    if has_reset:
        dut.rst_ni.value = 0
    Clock(dut.clk_i, 2, unit="ns").start()
    for _ in range(2):
        await FallingEdge(dut.clk_i)
    if has_reset:
        dut.rst_ni.value = 1


async def drive(dut: Any, **inputs: Any) -> None:
    """At the next falling edge give these inputs; returns when every wire has settled."""
    await FallingEdge(dut.clk_i)
    await settle(dut, **inputs)


async def settle(dut: Any, **inputs: Any) -> None:
    """Give these inputs now, as two's complement; returns when every wire has settled."""
    for name, value in inputs.items():
        handle = getattr(dut, name)
        handle.value = int(value) & ((1 << len(handle)) - 1)
    await ReadOnly()


def expect(dut: Any, cycle: object, **outputs: Any) -> None:
    """Compare outputs with integers, two's complement; None is not looked at.

    Raises
    ------
    AssertionError
        Naming cycle and signal; for unknown bits too.
    """
    for name, want in outputs.items():
        if want is None:
            continue
        handle = getattr(dut, name)
        value = handle.value
        assert value.is_resolvable, f"cycle {cycle}: {name} is {value}, expected {int(want)}"
        bits = int(want) & ((1 << len(handle)) - 1)
        assert int(value) == bits, f"cycle {cycle}: {name} is {int(value):#x}, expected {bits:#x}"


def parameters(dut: Any, *names: str) -> list[int]:
    """Values of Verilog parameters."""
    return [int(getattr(dut, name).value) for name in names]


class Monitor:
    """Looks at ports in every cycle in which one of them is high, when every wire has settled.

    Parameters
    ----------
    ports : whose values are told
    when : port that must be high; None: in every cycle
    saw : called with (cycle, value of each port); cycles are counted from here on, None is a value
        with an unknown bit
    """

    def __init__(self, dut: Any, ports: Sequence[str], when: str | None,
                 saw: Callable[..., None]) -> None:
        self._dut, self._ports, self._when, self._saw = dut, ports, when, saw
        self._task = cocotb.start_soon(self._watch())

    def stop(self) -> None:
        """Look no longer."""
        self._task.cancel()

    async def _watch(self) -> None:
        cycle = 0
        while True:
            await FallingEdge(self._dut.clk_i)
            await ReadOnly()
            if self._when is None or self._value(self._when) != 0:
                self._saw(cycle, *map(self._value, self._ports))
            cycle += 1

    def _value(self, port: str) -> int | None:
        value = getattr(self._dut, port).value
        return int(value) if value.is_resolvable else None


class Scoreboard:
    """What must come out, in order, against what does.

    Parameters
    ----------
    name : for messages
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.compared = 0
        self._waiting: deque[tuple[int | None, ...]] = deque()

    def expect(self, *values: int | None) -> None:
        """These come next; None is not looked at."""
        self._waiting.append(values)

    def saw(self, cycle: int, *values: int | None) -> None:
        """These came out.

        Raises
        ------
        AssertionError
            If nothing or something else was expected.
        """
        assert self._waiting, f"cycle {cycle}: {self.name}: {_shown(values)} was not expected"
        want = self._waiting.popleft()
        same = len(want) == len(values) and all(
            w is None or w == v for w, v in zip(want, values, strict=True))
        assert same, (f"cycle {cycle}: {self.name} number {self.compared}: {_shown(values)}, "
                      f"expected {_shown(want)}")
        self.compared += 1

    def finish(self) -> None:
        """Raise `AssertionError` if something has not come out."""
        assert not self._waiting, (f"{self.name}: {len(self._waiting)} values did not come, first "
                                   f"{_shown(self._waiting[0])}")


def _shown(values: Iterable[int | None]) -> str:
    return " ".join("?" if value is None else f"{value:#x}" for value in values)


async def play_pe(dut: Any, config: Any, job: Any, pe: int, seed: int | None = None,
                  compare_trace: bool = True) -> None:
    """Load PE ``pe`` as a host does, play it the array's inputs, compare its ports in every cycle,
    then its outputs and counters.

    Parameters
    ----------
    dut : a PE with the ports of the project's (`PORTS.md`), its parameters those of ``config``
    seed : of the order in which the host writes; None: the host's own
    compare_trace : whether ``trace_o`` is compared; a PE of one's own need not drive it

    Raises
    ------
    AssertionError
        Naming cycle and port, or what the host read.
    UnsupportedError
        If the machine has no bench of one PE.
    """
    rtl, bench = machine_of(config).part("rtl"), pe_of(machine_of(config))
    layout = rtl.parameters(config, [(job, None)], trace=True)
    model, fields = rtl.expected(config, job, layout)
    inputs, want = bench.stimulus(job, fields), bench.expected(config, pe, fields)
    ports = [name for name in want if name.startswith(f"{bench.top}.")]
    script = [line.split() for line in bench.script(config, job, pe)]
    writes = [line for line in script if line[0] == "w"]
    if seed is not None:
        random.Random(seed).shuffle(writes)
    await start_and_reset(dut)
    for _, memory, _, address, data in writes:
        await drive(dut, io_req_i=1, io_we_i=1, io_mem_i=int(memory, 16),
                    io_addr_i=int(address, 16), io_wdata_i=int(data, 16))
    await drive(dut, io_req_i=0, layer_start_i=1,
                **{port: values[0] for port, values in inputs.items()})
    for cycle in range(model.counters.cycles):
        await drive(dut, layer_start_i=0, running_i=1,
                    **{port: values[cycle + 1] for port, values in inputs.items()})
        told = {f"{name.partition('.')[2]}_o": want[name][cycle] for name in ports}
        if compare_trace:
            told["trace_o"] = _packed(layout.pe_trace_fields(), want, cycle)
        expect(dut, cycle, **told)
    await drive(dut, running_i=0, **dict.fromkeys(inputs, 0))
    expect(dut, "the end", busy_o=0)
    words = deque([await _read(dut, line) for line in script if line[0] == "r"])

    def take(count: int) -> Any:
        part = [words.popleft() for _ in range(count)]
        return None if None in part else np.array(part, dtype=np.int64)

    outputs, counters = bench.read_back(config, job, take)
    rows = bench.rows(config, model.outputs, pe)
    assert outputs is not None, "outputs have unknown bits"
    wrong = np.flatnonzero(outputs != rows)
    assert not len(wrong), (f"output in row {wrong[0]} is {outputs[wrong[0]]}, expected "
                            f"{rows[wrong[0]]}")
    for name, got in (counters or {}).items():
        want_here = np.atleast_1d(getattr(model.counters, name))[pe]
        assert got == want_here, f"counter {name} is {got}, expected {want_here}"


async def _read(dut: Any, line: Sequence[str]) -> int | None:
    """A word that the host reads, None with an unknown bit: it is there in the next cycle."""
    _, memory, _, address, _ = line
    for _ in range(2):
        await drive(dut, io_req_i=1, io_we_i=0, io_mem_i=int(memory, 16),
                    io_addr_i=int(address, 16))
    value = dut.io_rdata_o.value
    return int(value) if value.is_resolvable else None


def _packed(layout: Sequence[tuple[str, int]], fields: Any, cycle: int) -> int:
    word = 0
    for name, bits in layout:
        word = word << bits | int(fields[name][cycle])
    return word
