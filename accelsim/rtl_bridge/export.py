"""A bench for any simulator: parameters, memory images, host commands, and what must come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from accelsim.files import atomic_folder, check_new_folder
from accelsim.machines import machine_of
from accelsim.machines.rtl import ArrayParameters, Rtl
from accelsim.rtl_bridge.icarus import bench_values
from accelsim.rtl_bridge.sources import COMMON
from accelsim.rtl_bridge.trace import pack

_README = """\
The layer {name} on {n_pe} PEs, for {testbench} of the RTL folder (RTL below).

top.v               the test bench with its parameters
script.txt          what the host does: loads all memories by I/O writes, runs, reads back
out_expected.txt    what the test bench must write to +out
trace_expected.txt  what it must write to +trace: one trace_o a cycle, highest bits first
trace_fields.csv    what the bits of a line are, counted from its end
{images}

With Icarus:

    iverilog -g2005 -s top -o bench.vvp top.v {units} RTL/{folder}/tb/{testbench}.v
    vvp -n bench.vvp +script=script.txt +out=out.txt +trace=trace.txt +limit={limit}
    cmp out.txt out_expected.txt && cmp trace.txt trace_expected.txt
"""


def export(config: Any, job: Any, folder: Path) -> None:
    """Write a folder with all that a simulator needs to check an array on one layer.

    Raises
    ------
    InputError
        If the folder cannot be written, or is there and not empty.
    UnsupportedError, CapacityError
        See `accelsim.rtl_bridge.run.run_layers`.
    """
    check_new_folder(folder)
    rtl: Rtl = machine_of(config).part("rtl")
    job.check(config)
    jobs = [(job, None)]
    parameters = rtl.parameters(config, jobs, trace=True)
    model, fields = rtl.expected(config, job, parameters)
    script, fill = rtl.script(config, jobs, True, ()), rtl.fill(config, job)
    reads = [line for line in script if line.startswith("r ")]
    words = rtl.told(config, job, model.outputs, model.counters)
    cycles = model.counters.cycles
    files = {
        "README.txt": _README.format(
            name=job.name, n_pe=config.n_pe, testbench=rtl.testbench, folder=rtl.folder,
            units=f"RTL/{rtl.folder}/*.v RTL/{COMMON}/*.v", limit=2 * cycles,
            images="\n".join(_images(fill, config.n_pe)),
        ),
        "top.v": _top(rtl, parameters),
        "script.txt": _text(script),
        "out_expected.txt": _text([
            f"cycles {cycles}",
            *(_read(*pair, parameters.host_bits) for pair in zip(reads, words, strict=True)),
            "end",
        ]),
        "trace_fields.csv": _text(["pe,unit.signal,high,low", *_fields(parameters)]),
        **{f"{name}.hex": text for name, text in fill.items()},
    }
    with atomic_folder(folder) as part:
        for name, text in files.items():
            (part / name).write_text(text, "utf-8")
        (part / "trace_expected.txt").write_bytes(pack(parameters, fields))


def _images(fill: Mapping[str, str], n_pe: int) -> Iterator[str]:
    for name, text in fill.items():
        words = text.count("\n") // n_pe
        yield f"{f'{name}.hex':20}$readmemh image, PE after PE, {words} words each"


def _top(rtl: Rtl, parameters: ArrayParameters) -> str:
    values = ", ".join(
        f".{name}({value})" for name, value in bench_values(parameters, trace=True).items()
    )
    return f"module top;\n  {rtl.testbench} #({values}) bench ();\nendmodule\n"


def _read(line: str, value: int, host_bits: int) -> str:
    """A read as the test bench prints it: three 32-bit numbers and a word of the host's bus."""
    _, memory, pe, address, _ = line.split()
    return f"r {memory:0>8} {pe:0>8} {address:0>8} {value:0{-(-host_bits // 4)}x}"


def _fields(parameters: ArrayParameters) -> Iterator[str]:
    """One line a field, from the lowest bits on."""
    low = 0
    parts = [(str(pe), parameters.pe_trace_fields()) for pe in range(parameters.n_pe)]
    for pe, fields in [("", parameters.ccu_trace_fields()), *parts]:
        for name, bits in reversed(fields):
            yield f"{pe},{name if '.' in name else f'ccu.{name}'},{low + bits - 1},{low}"
            low += bits


def _text(lines: Sequence[str]) -> str:
    return "\n".join([*lines, ""])
