"""What units cost that the published machine does not have: bitmaps, lanes, shared queues.

* **Bitmap register**: a flip-flop for each row that a register file holds, beside spmat_read; its
  clock in proportion to the module's own bits, its area as a queue's bits.
* **Finding a row**: a tree of leading non-zero detection nodes over these bits, in place of the
  addition of a run; each entry costs what the nodes take in a cycle. EIE's nodes (sec. VI) carry an
  activation beside the flag, so that both energy and area are an upper bound.
* **Index slots**: the line that is read is written to the bitmap register.
* **Lanes**: each entry of a slot has an ArithmUnit of its own, with its decoder, and a tree that
  finds its row where there is a bitmap.
* **Ports**: the destination file is read and written by every lane. A bit of it grows with the
  number of ports in both directions, its wires in one: area with the square, energy of an access
  in proportion. The source file keeps its port.
* **Shared queues**: one in place of two, written and read once for both PEs.

No paper prices these units for EIE; the rules are chosen.
"""

from __future__ import annotations

from accelsim.energy.technology import Calibration, Events
from accelsim.energy.units import INDEX_BITS, area_um2_a_bit
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters


def chosen_notes(config: EieConfig) -> list[str]:
    """One line where a unit has a price that is chosen."""
    units = [name for name, there in (
        ("a bitmap", config.index == "bitmap"), ("several entries a cycle", config.issue_width > 1),
        ("shared queues", config.queue_pes > 1)) if there]
    if not units:
        return []
    return [f"energy and area of {' and of '.join(units)} are chosen, no paper prices them for EIE "
            f"(machines/eie/README.md)"]


def detection_nodes(inputs: int) -> int:
    """Nodes of a tree of fan-in 4 over so many inputs (EIE sec. VI: 16 + 4 + 1 for 64)."""
    nodes, level = 0, inputs
    while level > 1:
        level = -(-level // 4)
        nodes += level
    return max(nodes, 1)


def bitmap_bits(config: EieConfig) -> int:
    """Flip-flops of a PE's bitmap register."""
    return config.regfile_depth if config.index == "bitmap" else 0


def row_pj(config: EieConfig, events: Events) -> float:
    """The row of one entry: a run added, or a bit found."""
    if config.index != "bitmap":
        return events.linear_pj("add", INDEX_BITS)
    node = events.rows["lnzd_node"]
    a_cycle = float(node["power_mw"]) * 1e3 / float(node["clock_mhz"])
    return detection_nodes(config.regfile_depth) * a_cycle


def bitmap_pj(config: EieConfig, counters: Counters, events: Events) -> float:
    """Lines of bits written to their registers."""
    cycles = int(counters.index_cycles.sum())
    return cycles * events.linear_pj("register", config.spmat_width_bits)


def bitmap_area_um2(config: EieConfig, settled: Calibration, events: Events) -> float:
    """Register and detector of one PE."""
    if config.index != "bitmap":
        return 0.0
    nodes = detection_nodes(config.regfile_depth) * float(events.rows["lnzd_node"]["area_um2"])
    bits = bitmap_bits(config) * area_um2_a_bit(settled, "act_queue")
    return bits + config.issue_width * nodes


def queues_of(config: EieConfig) -> float:
    """Queues over PEs; 1 where each has its own."""
    return -(-config.n_pe // config.queue_pes) / config.n_pe


def ports_energy(config: EieConfig) -> int:
    """Energy of an access to the destination file over that with a port."""
    return config.issue_width


def files_area(config: EieConfig) -> float:
    """Area of both register files over that with a port each."""
    return (1 + config.issue_width**2) / 2
