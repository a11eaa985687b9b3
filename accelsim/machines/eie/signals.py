"""What the reference shows in a cycle, under the names that the Verilog gives it.

The hierarchy is that of ``rtl/tb/eie_array_tb.v``, so that a waveform from here and one from an
RTL simulator lie side by side. A value that means nothing in a cycle (an address while nothing is
read) is None: the waveform keeps what it showed before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import Eie
from accelsim.machines.eie.reference.pe import Pe

ARRAY = ("eie_array_tb", "dut")
CLOCK = (*ARRAY, "clk_i")


@dataclass(frozen=True)
class Signal:
    """One wire.

    Attributes
    ----------
    scope : module instances from the test bench down
    value : from the machine and the signal's PE (that of the control unit gets PE 0)
    """

    scope: tuple[str, ...]
    name: str
    bits: int
    value: Callable[[Eie, Pe], int | None]
    pe: int = 0

    def sample(self, machine: Eie) -> int | None:
        """The value in this cycle as an unsigned number, or None."""
        value = self.value(machine, machine.pes[self.pe])
        return None if value is None else value & ((1 << self.bits) - 1)


def signals(config: EieConfig, job: LayerJob, pes: Sequence[int]) -> list[Signal]:
    """All wires of the control unit and of some PEs."""
    pointers = max(config.pointer_words, job.image.n_tiles * (job.image.n_columns + 1))
    column_bits = max(1, (pointers - 1).bit_length())
    found = [
        Signal(ARRAY, name, bits, value)
        for name, bits, value in _ccu(column_bits, config.activation_bits)
    ]
    found.append(
        Signal((*ARRAY, "u_ccu", "u_scan"), "finished_o", 1,
               lambda m, _: m.ccu.scan.finished if m.ccu.phase == "compute" else None)
    )
    for pe in pes:
        scope = (*ARRAY, f"g_pe[{pe}]", "u_pe")
        for unit, name, bits, value in _pe(config, job, column_bits):
            found.append(Signal((*scope, unit), name, bits, value, pe))
    return found


def _ccu(
    column_bits: int, activation_bits: int
) -> list[tuple[str, int, Callable[[Eie, Pe], int | None]]]:
    return [
        ("running", 1, lambda m, _: 1),
        ("pass_start", 1, lambda m, _: m.ccu.phase == "start"),
        ("load", 1, lambda m, _: m.ccu.load_row is not None),
        ("compute", 1, lambda m, _: m.ccu.phase == "compute"),
        ("drain", 1, lambda m, _: m.ccu.phase == "drain"),
        ("store", 1, lambda m, _: m.ccu.phase == "store"),
        ("broadcast", 1, lambda m, _: m.ccu.broadcast is not None),
        ("blocked", 1, lambda m, _: blocked(m)),
        ("row_change", 1, lambda m, _: row_change(m)),
        ("column", column_bits,
         lambda m, _: m.pointer_address(m.ccu.broadcast[0]) if m.ccu.broadcast else None),
        ("activation", activation_bits,
         lambda m, _: m.ccu.broadcast[1] if m.ccu.broadcast else None),
    ]


def blocked(machine: Eie) -> bool:
    """Whether a full queue holds the broadcast back in this cycle (S5)."""
    ccu = machine.ccu
    return ccu.phase == "compute" and ccu.scan.found is not None and ccu.broadcast is None


def row_change(machine: Eie) -> bool:
    """Whether the scan moves on to the next row in this cycle (S3)."""
    ccu = machine.ccu
    return ccu.phase == "compute" and ccu.scan.found is None and not ccu.scan.finished


def full_queues(machine: Eie) -> list[int]:
    """PEs whose queue is full: the culprits of a blocked cycle."""
    return [index for index, pe in enumerate(machine.pes) if pe.act_queue.full]


def _pe(
    config: EieConfig, job: LayerJob, column_bits: int
) -> list[tuple[str, str, int, Callable[[Eie, Pe], int | None]]]:
    per_line = config.entries_per_line
    line_bits = max(1, (max(job.image.max_entries, config.spmat_entries) // per_line).bit_length())
    row_bits = max(1, (max(job.image.tile_rows, config.regfile_depth) - 1).bit_length())
    pointer_bits = max(config.pointer_bits, job.image.max_entries.bit_length())

    def popped(machine: Eie, pe: Pe) -> int | None:
        """Pointer address of the first column that leaves the queue."""
        return machine.pointer_address(pe.act_queue.items[0][0]) if pe.ptr_read.pops else None

    def even_word(machine: Eie, pe: Pe) -> int | None:
        address = popped(machine, pe)
        return None if address is None else address + address % 2

    def odd_word(machine: Eie, pe: Pe) -> int | None:
        address = popped(machine, pe)
        return None if address is None else address + 1 - address % 2

    def adder_bypass(_: Eie, pe: Pe) -> bool:
        unit = pe.arith_unit
        return config.bypass and unit.row2 >= 0 and unit.row2 == unit.row3

    def write_bypass(machine: Eie, pe: Pe) -> bool:
        unit = pe.arith_unit
        meets = config.bypass and unit.row2 >= 0 and unit.row2 == unit.row4
        return meets and not adder_bypass(machine, pe)

    def line_read(_: Eie, pe: Pe) -> bool:
        unit = pe.spmat_read
        return unit.advances and unit.address // per_line != unit.line

    return [
        ("u_act_queue", "push_i", 1, lambda _, pe: pe.act_queue.pushed is not None),
        ("u_act_queue", "pop_i", 1, lambda _, pe: pe.ptr_read.pops > 0),
        ("u_act_queue", "full_o", 1, lambda _, pe: pe.act_queue.full),
        ("u_act_queue", "valid_o", 1, lambda _, pe: pe.act_queue.head is not None),
        ("u_act_queue", "count_o", config.act_queue_depth.bit_length(),
         lambda _, pe: len(pe.act_queue.items)),
        ("u_ptr_read", "pop_o", 1, lambda _, pe: pe.ptr_read.pops > 0),
        ("u_ptr_read", "column_i", column_bits, popped),
        ("u_ptr_read", "even_word_o", column_bits, even_word),
        ("u_ptr_read", "odd_word_o", column_bits, odd_word),
        ("u_spmat_read", "busy_o", 1, lambda _, pe: pe.spmat_read.holds),
        ("u_spmat_read", "issue_o", 1, lambda _, pe: pe.spmat_read.advances),
        ("u_spmat_read", "empty_o", 1, lambda _, pe: pe.spmat_read.skips),
        ("u_spmat_read", "free_o", 1, lambda _, pe: pe.spmat_read.free),
        ("u_spmat_read", "entry", pointer_bits,
         lambda _, pe: pe.spmat_read.address if pe.spmat_read.holds else None),
        ("u_spmat_read", "end_i", pointer_bits,
         lambda _, pe: pe.spmat_read.end if pe.spmat_read.holds else None),
        ("u_spmat_read", "line_read_o", 1, line_read),
        ("u_spmat_read", "line_o", line_bits,
         lambda m, pe: pe.spmat_read.address // per_line if line_read(m, pe) else None),
        ("u_arith_unit", "wait_o", 1, lambda _, pe: pe.arith_unit.waits),
        ("u_arith_unit", "padding_o", 1, lambda _, pe: pe.arith_unit.padding1),
        ("u_arith_unit", "mac_o", 1, lambda _, pe: pe.arith_unit.row2 >= 0),
        ("u_arith_unit", "read_row_o", row_bits,
         lambda _, pe: pe.arith_unit.row2 if pe.arith_unit.row2 >= 0 else None),
        ("u_arith_unit", "adder_bypass_o", 1, adder_bypass),
        ("u_arith_unit", "write_bypass_o", 1, write_bypass),
        ("u_arith_unit", "saturation_o", 1, lambda _, pe: pe.arith_unit.saturates),
        ("u_arith_unit", "write_o", 1, lambda _, pe: pe.arith_unit.row4 >= 0),
        ("u_arith_unit", "write_row_o", row_bits,
         lambda _, pe: pe.arith_unit.row4 if pe.arith_unit.row4 >= 0 else None),
        ("u_arith_unit", "write_value_o", config.accumulator_bits,
         lambda _, pe: pe.arith_unit.sum4 if pe.arith_unit.row4 >= 0 else None),
    ]
