"""What a machine in Verilog brings to be run and compared: the part ``rtl`` of a `Machine`.

`accelsim.rtl_bridge` knows no machine. It builds a test bench, hands it the host's script, reads
back what it printed and compares every cycle, all by the records here.

A test bench is a plain Verilog module ``<testbench>`` in ``<folder>/tb/<testbench>.v``:

* ``+script=FILE`` has one command a line, ``command memory pe address data`` in hexadecimal:
  ``w`` writes a word, ``r`` reads one, ``s`` runs what was loaded, ``b`` fills memories at once
  from the files of `Rtl.fill` in ``+images=DIR`` (the back door, if ``BACKDOOR`` is defined).
* What breaks the host's side of the contract prints ``contract: ...`` and ends it (if
  ``ASSERT_CONTRACT`` is defined).
* ``+out=FILE`` gets ``cycles N`` for each run, ``timeout N`` and nothing more for one that takes
  ``+limit=N`` cycles, ``r memory pe address data`` for each read, and ``end``.
* ``+trace=FILE`` gets one line of binary digits a cycle, ``+vcd=FILE`` a waveform of the cycles
  ``+from=N`` to ``+to=N``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from accelsim.records.job import IntArray

Fields = Mapping[str, IntArray]
"""Field name to (cycles,) values of the control unit, or (cycles, n_pe) values of the PEs."""

Layout = Sequence[tuple[str, int]]
"""(name, bits) of the parts of a word, highest bits first."""

Take = Callable[[int], "IntArray | None"]
"""Gives the next so many words that were read, or None if a bit of them is unknown."""


class ArrayParameters(ABC):
    """Verilog parameters of an array: base of frozen dataclasses with an integer a parameter.

    The trace of a cycle is the control unit's fields in the lowest bits, then those of PE 0,
    PE 1, ... Names are ``unit.signal``; those without a unit are the control unit's own.
    """

    n_pe: int

    def verilog(self) -> dict[str, int]:
        """Verilog parameter name to value: ``act_queue_depth`` is ``ActQueueDepth``."""
        return {
            "".join(word.capitalize() for word in name.split("_")): value
            for name, value in vars(self).items()
        }

    @property
    @abstractmethod
    def host_bits(self) -> int:
        """A word of the host's bus."""

    @abstractmethod
    def ccu_trace_fields(self) -> list[tuple[str, int]]:
        """(name, bits) of the control unit's part of the trace, highest bits first."""

    @abstractmethod
    def pe_trace_fields(self) -> list[tuple[str, int]]:
        """(name, bits) of one PE's part of the trace, highest bits first."""

    @property
    def pe_trace_bits(self) -> int:
        """Width of one PE's part of the trace."""
        return sum(bits for _, bits in self.pe_trace_fields())

    @property
    def trace_bits(self) -> int:
        """Width of the trace of the array."""
        ccu = sum(bits for _, bits in self.ccu_trace_fields())
        return ccu + self.n_pe * self.pe_trace_bits


@dataclass(frozen=True, eq=False)
class PeRtl:
    """One PE alone, played the inputs that the array gives it.

    Its test bench takes ``+stimulus=FILE``, a word of all inputs a cycle, the first of them the
    cycle in which the layer is started, and ``+count=N``, how many follow. Its
    parameters are the array's but for ``omits``, and StimulusBits and TraceBits, the width of the
    PE's part of the trace.

    Attributes
    ----------
    top, testbench : modules
    omits : parameters of the array that a PE does not have
    inputs : (parameters) to the `Layout` of a stimulus word, by port
    outputs : (parameters) to the `Layout` of what the bench tells in each cycle
    stimulus : (job, fields of the array's trace) to the value of every input in the cycle in which
        the layer is started, and in every one behind it
    expected : (config, pe, fields) to what the bench must tell of PE ``pe``
    script : (config, job, pe) to the host's lines
    read_back : (config, job, `Take`) to (rows of this PE or None, counter to number or None)
    rows : (config, outputs of the array, pe) to the rows of this PE
    refuse : (job) raises `UnsupportedError` for work that is the array's only; None: there is none
    """

    top: str
    testbench: str
    omits: tuple[str, ...]
    inputs: Callable[[Any], Layout]
    outputs: Callable[[Any], Layout]
    stimulus: Callable[[Any, Fields], Fields]
    expected: Callable[[Any, int, Fields], Fields]
    script: Callable[[Any, Any, int], Sequence[str]]
    read_back: Callable[[Any, Any, Take], tuple[IntArray | None, Mapping[str, int] | None]]
    rows: Callable[[Any, IntArray, int], IntArray]
    refuse: Callable[[Any], None] | None = None


@dataclass(frozen=True, eq=False)
class Rtl:
    """A machine's array in Verilog, and how a host works with it.

    A job comes with how it reads what the job before left in the array, a record of the machine's
    own, or None: then its own inputs are written.

    Attributes
    ----------
    folder : of the machine's modules in the project's folder of Verilog, beside "common"
    top, testbench : modules; the bench takes the array's parameters, Trace = 2 to write the
        trace, and TraceBits and PeTraceBits, its widths
    parameters : ``(config, jobs, counters=True, trace=False)`` to `ArrayParameters` that are large
        enough for all jobs; refuses by name what the Verilog does not have
    script : ``(config, jobs, counters, filled)`` to the host's lines: load, run and read back one
        (job, chained) after the other. The memories of the jobs whose number is in ``filled`` are
        filled at once
    fill : ``(config, job)`` to ``$readmemh`` texts by name, equally long for all PEs, PE after
        PE; job K's go to the file NAME_K.hex
    read_back : ``(config, job, counters, take)`` to (outputs as a telling gives them or None,
        counter to number or (n_pe,) int64 or None), in the order of the script's reads
    told : ``(config, job, outputs, counters)`` to the words that the script's reads must give:
        what `read_back` takes apart
    expected : ``(config, job, parameters)`` to (`JobResult`, `Fields` of the trace, causes before
        effects)
    spans : ``(config, job, parameters)`` to the same cut into parts that follow each other, where a
        job is too long to be held at once; None: ``expected`` is the only part
    pe : one PE alone, or None
    shell : module whose host is the program ``<folder>/tb/<top>_host.cpp``, for simulators that
        compile the Verilog; it takes the same script, and ``+trace=FILE`` gets bits, the lowest
        first, in 32-bit words. None: there is none
    backdoor : modules that the back door reaches through; a module of somebody else's in the place
        of one of them closes it
    bound : ``(config, job)`` to cycles of a job whose inputs are what another left, at most; None:
        those of the job's own inputs
    where : ``(config, job, fields, cycle, pe)`` to words that say where a difference is beside its
        cycle, from expected `Fields`; None: the number of the PE says it
    in_sequence : ``(config, layers, inputs, fixed_point)`` to one job that runs layers one after
        the other under one program, without the host between; None: the array has no such programs
    absent : counters of units that the Verilog leaves out, with what they would count
    """

    folder: str
    top: str
    testbench: str
    parameters: Callable[..., ArrayParameters]
    script: Callable[..., Sequence[str]]
    fill: Callable[[Any, Any], dict[str, str]]
    read_back: Callable[..., tuple[IntArray | None, Mapping[str, int | IntArray] | None]]
    told: Callable[..., Sequence[int]]
    expected: Callable[[Any, Any, Any], tuple[Any, Fields]]
    spans: Callable[[Any, Any, Any], Iterator[tuple[Any, Fields]]] | None = None
    pe: PeRtl | None = None
    shell: str | None = None
    backdoor: tuple[str, ...] = ()
    bound: Callable[[Any, Any], int] | None = None
    where: Callable[[Any, Any, Fields, int, int | None], str] | None = None
    in_sequence: Callable[..., Any] | None = None
    absent: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
