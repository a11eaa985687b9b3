"""Parameters of `rtl/ese`: of the configuration, of what jobs need, and fields of the trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.errors import UnsupportedError
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.rtl import layout
from accelsim.machines.rtl import ArrayParameters, Layout

TOTALS = (
    "cycles", "slots", "start_cycles", "compute_cycles", "drain_cycles", "broadcasts",
    "fetch_wait_cycles", "blocked_cycles", "broadcast_idle_cycles", "weight_words",
    "pointer_words", "vector_words", "table_words", "result_words", "vector_path_cycles",
    "assembled_results", "elem_mul_results", "adder_tree_results", "table_lookups",
    "elementwise_saturations",
)
"""Counters of ese_counters.v, by their index."""

PE_COUNTERS = (
    "issued_entries", "padding_entries", "empty_column_cycles", "starved_cycles",
    "blocking_cycles", "queue_pushes", "queue_pops", "queue_occupancy_sum",
    "queue_occupancy_max", "weight_buffer_writes", "macs", "saturations",
)
"""Counters of ese_pe_counters.v, by their index."""

LENGTH_BITS, ADDRESS_BITS, STEP_BITS = 20, 24, 16


@dataclass(frozen=True)
class EseParameters(ArrayParameters):
    """Parameters of ese_top.v; names are its own in snake case, but for ``channel_pes``, NPe."""

    n_channels: int
    batch: int
    channel_pes: int
    act_queue_depth: int
    weight_bits: int
    index_bits: int
    activation_bits: int
    accumulator_bits: int
    pointer_bits: int
    start_cycles: int
    whole_matrix: int
    ddr_word_bits: int
    vector_path_bits: int
    elementwise_width: int
    elementwise_latency_cycles: int
    table_samples: int
    linear: int
    weight_entries: int
    pointer_entries: int
    column_bits: int
    number_bits: int
    rows: int
    vector_words: int
    vector_bits: int
    vector_copy: int
    path_words: int
    part_bits: int
    program_depth: int
    ddr_1_words: int
    ddr_2_words: int
    ddr_latency_cycles: int
    ddr_burst_words: int
    ddr_burst_gap_cycles: int
    counters: int

    @property
    def n_pe(self) -> int:  # type: ignore[override]
        """Parts of the trace: PEs of all channels."""
        return self.n_channels * self.channel_pes

    def verilog(self) -> dict[str, int]:
        """Verilog parameter name to value."""
        values = super().verilog()
        values["NPe"] = values.pop("ChannelPes")
        return values

    @property
    def pe_bits(self) -> int:
        """A PE's number in a channel."""
        return max(1, (self.channel_pes - 1).bit_length())

    @property
    def row_bits(self) -> int:
        """An accumulator's address."""
        return max(1, (self.rows - 1).bit_length())

    @property
    def pc_bits(self) -> int:
        """A slot's place in the program."""
        return max(1, (self.program_depth - 1).bit_length())

    @property
    def lanes(self) -> int:
        """Entries that end in a word, at most."""
        return (self.ddr_word_bits - 1) // (self.weight_bits + self.index_bits) + 1

    @property
    def op_shift_bits(self) -> int:
        """A shift of an element-wise product."""
        return (2 * self.activation_bits + 1).bit_length()

    @property
    def host_bits(self) -> int:
        """The machine's own words, a word of the program the longest of all."""
        return 1 << 14

    def ccu_trace_fields(self) -> Layout:  # type: ignore[override]
        """The channels' fields, then the machine's, highest bits first."""
        of_channels = [
            (f"channel[{c}].{name}", bits) for c in reversed(range(self.n_channels))
            for name, bits in self._channel_fields()
        ]
        column = self.column_bits
        return [
            *of_channels,
            ("running", 1), ("begins", 1), ("slot", self.pc_bits), ("step", STEP_BITS),
            ("control.start", 1), ("control.fetch_wait", 1), ("control.blocked", 1),
            ("control.broadcast", 1), ("control.broadcast_idle", 1), ("control.drain", 1),
            ("control.column", column), ("ddr_1.transfer", 1), ("ddr_1.result", 1),
            ("ddr_2.transfer", 1), ("awaits_tables", 1), ("vector_path.busy", 1),
            ("vector_path.pass", 1), ("vector_path.element", self.vector_bits), ("front", 1),
            *((f"weights[{pe}].words_{half}", self.pointer_bits)
              for pe in reversed(range(self.channel_pes)) for half in (1, 0)),
            *((f"pointers[{pe}].words_{half}", column)
              for pe in reversed(range(self.channel_pes)) for half in (1, 0)),
        ]

    def pe_trace_fields(self) -> Layout:  # type: ignore[override]
        """Of one PE, highest bits first."""
        return pe_fields(self.act_queue_depth.bit_length(), self.column_bits, self.pointer_bits,
                         self.activation_bits, self.row_bits, self.accumulator_bits)

    def _channel_fields(self) -> Layout:
        element, value = self.vector_bits, self.activation_bits
        return [
            ("activation", value), ("assemble.busy", 1), ("assemble.row", self.row_bits),
            *((f"{unit}.{name}", bits) for unit in ("elem_mul", "adder_tree")
              for name, bits in (("busy", 1), ("enter", 1), ("element", element), ("write", 1),
                                 ("write_value", value))),
            ("assemble.write", 1),
        ]


def pe_fields(
    count: int, column: int, pointer: int, activation: int, row: int, accumulator: int
) -> Layout:
    """(name, bits) of one PE's part of the trace, as ese_pe.v has them, highest bits first."""
    return [
        ("act_queue.count", count), ("ptr_read.pop", 1), ("ptr_read.column", column),
        ("weight_read.busy", 1), ("weight_read.entry", pointer), ("weight_read.end", pointer),
        ("weight_read.issue", 1), ("weight_read.empty", 1),
        ("weight_read.activation", activation), ("arith_unit.padding", 1), ("arith_unit.mac", 1),
        ("arith_unit.read_row", row), ("arith_unit.read_value", accumulator),
        ("arith_unit.adder_bypass", 1), ("arith_unit.write_bypass", 1),
        ("arith_unit.saturation", 1), ("arith_unit.write", 1), ("arith_unit.write_row", row),
        ("arith_unit.write_value", accumulator),
    ]


def parameters(
    config: EseConfig, jobs: Sequence[tuple[RecurrentJob, None]], counters: bool = True,
    trace: bool = False,
) -> EseParameters:
    """The machine that runs these jobs.

    Raises
    ------
    UnsupportedError
        Naming the setting that the Verilog does not have.
    """
    refuse(config)
    many = [job for job, _ in jobs]
    streams = [stream for job in many for stream in job.streams.values()]
    columns = max((s.shape[1] for s in streams), default=1)
    entries = max((int(np.diff(s.pe_starts).max()) for s in streams), default=1)
    if entries >> config.pointer_bits:
        raise UnsupportedError(f"{entries} entries of a PE: rtl/ese addresses them with "
                               f"pointer_bits={config.pointer_bits}; use a larger n_pe, or "
                               f"--engine fast")
    copy = max((layout.copy_elements(job) for job in many), default=1)
    vectors = max((layout.VectorMap(job, copy).words for job in many), default=4)
    bits = max(2, (vectors - 1).bit_length())
    lengths = [n for job in many for n in (
        *(len(v) for v in job.vectors.values()), job.layer.n_inputs * config.n_channels)]
    shifts = [job.frac_bits[e.total.signal] - job.tables[e.function].step_frac_bits
              for job in many for e in job.program.equations if e.function]
    if max(shifts, default=0) > 100:
        raise UnsupportedError(f"table_samples: rtl/ese interpolates over at most 100 bits, this "
                               f"layer needs {max(shifts)}; use --engine fast")
    memories = [layout.Memories(config, job) for job in many]
    pointers = config.ddr_word_bits // config.pointer_bits + config.n_pe * (columns + 1)
    return EseParameters(
        n_channels=max((job.n_channels for job in many), default=1), batch=config.n_channels,
        channel_pes=config.n_pe, act_queue_depth=config.act_queue_depth,
        weight_bits=config.weight_bits, index_bits=config.index_bits,
        activation_bits=config.activation_bits, accumulator_bits=config.accumulator_bits,
        pointer_bits=config.pointer_bits, start_cycles=config.start_cycles,
        whole_matrix=int(config.weights_ready == "matrix"), ddr_word_bits=config.ddr_word_bits,
        vector_path_bits=config.vector_path_bits, elementwise_width=config.elementwise_width,
        elementwise_latency_cycles=config.elementwise_latency_cycles,
        table_samples=config.table_samples, linear=int(config.table_interpolation == "linear"),
        weight_entries=max(1, entries), pointer_entries=columns + 1,
        column_bits=(columns + 1).bit_length(),
        number_bits=max(pointers, config.ddr_word_bits).bit_length() + 1,
        rows=max((-(-s.shape[0] // config.n_pe) for s in streams), default=1),
        vector_words=vectors, vector_bits=bits,
        vector_copy=copy,
        path_words=-(-max(lengths, default=1) * config.activation_bits // config.ddr_word_bits),
        part_bits=max(config.activation_bits, *shifts, 1),
        program_depth=max((3 + len(job.schedule.step) for job in many), default=3),
        ddr_1_words=max((m.ddr_1_words for m in memories), default=1),
        ddr_2_words=max((len(m.ddr_2) for m in memories), default=1),
        ddr_latency_cycles=config.ddr_latency_cycles, ddr_burst_words=config.ddr_burst_words,
        ddr_burst_gap_cycles=config.ddr_burst_gap_cycles, counters=int(counters),
    )


def refuse(config: EseConfig) -> None:
    """Raise `UnsupportedError` for a word that is not whole activations and pointers."""
    word = config.ddr_word_bits
    if config.dram_part is not None:
        raise UnsupportedError(f"rtl/ese has no dram='{config.dram}'; use dram=none or "
                               f"--engine fast")
    for name, bits in (("activation_bits", config.activation_bits),
                       ("pointer_bits", config.pointer_bits)):
        if word & (word - 1) or word % bits:
            raise UnsupportedError(f"ddr_word_bits={word}, {name}={bits}: rtl/ese has words of a "
                                   f"power of two and whole numbers of these in each; use "
                                   f"--engine fast")
    if word // config.entry_bits > 200:
        raise UnsupportedError(f"ddr_word_bits={word}: rtl/ese takes at most 200 entries a word; "
                               f"use --engine fast")
