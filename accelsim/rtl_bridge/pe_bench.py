"""One PE alone: the inputs that the array would give it, recorded from the reference engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelsim.errors import UnsupportedError
from accelsim.machines import Machine, machine_of
from accelsim.machines.rtl import Fields, Layout, PeRtl
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.run import RtlResult
from accelsim.rtl_bridge.simulator import Reader, Window


def pe_of(machine: Machine) -> PeRtl:
    """A machine's PE in Verilog.

    Raises
    ------
    UnsupportedError
        If it has no bench of its own.
    """
    pe: PeRtl | None = machine.part("rtl").pe
    if pe is None:
        raise UnsupportedError(f"{machine.name}: its Verilog has no bench of one PE; "
                               f"compare the whole array")
    return pe


def pe_parameters(config: Any, job: Any) -> dict[str, int]:
    """Verilog parameters of one PE alone that drives its ``trace_o``.

    Raises
    ------
    UnsupportedError
        If the machine has no bench of one PE, or its Verilog not a setting.
    """
    machine = machine_of(config)
    found = machine.part("rtl").parameters(config, [(job, None)], trace=True).verilog()
    omits = set(pe_of(machine).omits) - {"Trace"}
    return {name: value for name, value in found.items() if name not in omits}


def run_pe(
    config: Any, job: Any, pe: int, inputs: Fields, rtl_dirs: Sequence[Path],
    build_dir: Path, window: Window | None = None,
) -> RtlResult:
    """Play recorded inputs to one PE.

    Returns
    -------
    RtlResult
        ``outputs`` are this PE's rows, ``counters`` single numbers.

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        See `accelsim.rtl_bridge.run.run_layers`.
    """
    machine = machine_of(config)
    rtl, bench = machine.part("rtl"), pe_of(machine)
    parameters = rtl.parameters(config, [(job, None)])
    layout = bench.inputs(parameters)
    values = {
        name: value for name, value in parameters.verilog().items() if name not in bench.omits
    } | {
        "StimulusBits": sum(bits for _, bits in layout), "TraceBits": parameters.pe_trace_bits,
    }
    program = icarus.build(rtl, bench.testbench, values, rtl_dirs, build_dir)
    words = _packed(layout, inputs)
    with icarus.workspace(build_dir) as work:
        (work / "stimulus.hex").write_text("".join(f"{word:x}\n" for word in words), "ascii")
        reader = Reader(icarus.simulate(
            program, work, bench.script(config, job, pe), trace=True, window=window,
            stimulus="stimulus.hex", count=len(words) - 1,
        ))
        trace = icarus.read_trace(work, sum(bits for _, bits in bench.outputs(parameters)))
    cycles = int(reader.line().split()[1])
    outputs, counters = bench.read_back(config, job, reader.take)
    return RtlResult(outputs, cycles, counters, trace, machine=machine)


def _packed(layout: Layout, inputs: Fields) -> list[int]:
    """One word a cycle."""
    words = [0] * len(inputs[layout[0][0]])
    for name, bits in layout:
        mask = (1 << bits) - 1
        words = [
            word << bits | (value & mask)
            for word, value in zip(words, inputs[name].tolist(), strict=True)
        ]
    return words
