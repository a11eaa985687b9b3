"""A bench for any simulator: parameters, memory images, host commands, and what must come out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from accelsim.errors import InputError
from accelsim.files import atomic_path
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl import images
from accelsim.machines.eie.rtl.expected import expected_run
from accelsim.machines.eie.rtl.params import (
    CCU_COUNTERS,
    PE_COUNTERS,
    RtlParameters,
    rtl_parameters,
    rtl_plan,
)
from accelsim.rtl_bridge.run import ARRAY_TESTBENCH, testbench_values
from accelsim.rtl_bridge.trace import pack

_README = """\
The layer {name} on {n_pe} PEs, for eie_array_tb of the RTL folder (RTL below).

top.v               the testbench with its parameters
script.txt          what the host does: loads all memories by I/O writes, runs, reads back
out_expected.txt    what the testbench must write to +out
trace_expected.txt  what it must write to +trace: one trace_o a cycle, highest bits first
trace_fields.csv    what the bits of a line are, counted from its end
pointers.hex, spmat.hex
                    $readmemh images of both weight memories, PE after PE,
                    {words} pointers and {lines} lines each

With Icarus:

    iverilog -g2005 -s top -o bench.vvp top.v RTL/*.v RTL/tb/eie_array_tb.v
    vvp -n bench.vvp +script=script.txt +out=out.txt +trace=trace.txt +limit={limit}
    cmp out.txt out_expected.txt && cmp trace.txt trace_expected.txt
"""


def export(config: EieConfig, job: LayerJob, folder: Path) -> None:
    """Write a folder with all that a simulator needs to check an array on one layer.

    Raises
    ------
    InputError
        If the folder cannot be written, or is there and not empty.
    UnsupportedError, CapacityError
        See `accelsim.machines.eie.rtl.params.rtl_plan`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there and not empty; name a new folder")
    plan = rtl_plan(config, job.image)
    parameters = rtl_parameters(config, len(plan), trace=True)
    model, fields = expected_run(config, job, parameters)
    assert model.counters is not None
    assert model.outputs is not None
    place = images.place(config, job.image, plan)
    words, lines = images.pointer_words(job.image), images.spmat_lines(config, job.image)
    reads = list(images.read_lines(config, job.image, plan, place, counters=True))
    values = [
        *_words(config, model.outputs), *_counters(model.counters, config.n_pe)
    ]
    files = {
        "README.txt": _README.format(
            name=job.image.name, n_pe=config.n_pe, words=words.shape[1], lines=len(lines[0]),
            limit=2 * model.counters.cycles,
        ),
        "top.v": _top(parameters),
        "script.txt": _text([
            *images.weight_lines(config, job.image), *images.layer_lines(config, job, plan, place),
            *reads,
        ]),
        "out_expected.txt": _text([
            f"cycles {model.counters.cycles}",
            *(_read(line, value, config) for line, value in zip(reads, values, strict=True)),
            "end",
        ]),
        "trace_fields.csv": _text(["pe,unit.signal,high,low", *_fields(parameters)]),
        "pointers.hex": images.hex_file(words.ravel().tolist()),
        "spmat.hex": images.hex_file(line for pe in lines for line in pe),
    }
    with atomic_path(folder) as part:
        part.mkdir()
        for name, text in files.items():
            (part / name).write_text(text, "ascii")
        (part / "trace_expected.txt").write_bytes(pack(parameters, fields))


def _top(parameters: RtlParameters) -> str:
    values = ", ".join(
        f".{name}({value})" for name, value in testbench_values(parameters, trace=True).items()
    )
    return f"module top;\n  {ARRAY_TESTBENCH} #({values}) bench ();\nendmodule\n"


def _words(config: EieConfig, outputs: IntArray) -> list[int]:
    """Register-file words of the outputs, PE after PE, zero in rows that the layer has not."""
    padded = np.zeros(-(-len(outputs) // config.n_pe) * config.n_pe, dtype=np.int64)
    padded[: len(outputs)] = outputs & ((1 << config.register_bits) - 1)
    return [int(word) for word in padded.reshape(-1, config.n_pe).T.ravel()]


def _counters(counters: Counters, n_pe: int) -> Iterator[int]:
    for name in CCU_COUNTERS:
        yield int(getattr(counters, name))
    for pe in range(n_pe):
        for name in PE_COUNTERS:
            yield int(getattr(counters, name)[pe])


def _read(line: str, value: int, config: EieConfig) -> str:
    """A read as the testbench prints it: three 32-bit numbers and a word of the host's bus."""
    _, memory, pe, address, _ = line.split()
    digits = -(-max(config.spmat_width_bits, 64) // 4)
    return f"r {memory:0>8} {pe:0>8} {address:0>8} {value:0{digits}x}"


def _fields(parameters: RtlParameters) -> Iterator[str]:
    """One line a field, from the lowest bits on."""
    low = 0
    of_a_pe = parameters.pe_trace_fields()
    parts = [("", parameters.ccu_trace_fields())]
    parts += [(str(pe), of_a_pe) for pe in range(parameters.n_pe)]
    for pe, fields in parts:
        for name, bits in reversed(fields):
            yield f"{pe},{name if '.' in name else f'ccu.{name}'},{low + bits - 1},{low}"
            low += bits


def _text(lines: list[str]) -> str:
    return "\n".join([*lines, ""])
