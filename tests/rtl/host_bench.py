"""The host's view of the memories: what is written is read back, and nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from accelsim.machines import load_config
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.rtl.images import (
    ACT_SRAM,
    CCU_COUNTER,
    CODEBOOK,
    DESTINATION,
    PE_COUNTER,
    POINTERS,
    SOURCE,
    SPMAT,
)
from accelsim.rtl_bridge import icarus, rtl_parameters

_WIDTHS = {"activation_bits": 20, "accumulator_bits": 28, "pointer_bits": 24,
           "spmat_width_bits": 40, "capacity": "check"}
MACHINES = {
    "three": load_config("eie", n_pe=3, regfile_depth=6, act_sram_kb=0.0625, pointer_kb=0.0625,
                         spmat_kb=0.0625, **_WIDTHS),
    # The fewest words that each memory can have: two pointers, one word of everything else.
    "least": load_config("eie", n_pe=1, regfile_depth=1, act_sram_kb=28 / 8192,
                         pointer_kb=48 / 8192, spmat_kb=40 / 8192, **_WIDTHS),
}


def host_fault(
    rtl_dirs: Sequence[Path], build_dir: Path, machine: str = "three", counters: bool = True,
    accesses: int = 1500,
) -> str | None:
    """The first read that gives something else than the host wrote, in words, or None."""
    config = MACHINES[machine]
    parameters = rtl_parameters(config, counters=counters)
    memories = {
        POINTERS: (parameters.pointer_words, config.pointer_bits),
        SPMAT: (parameters.spmat_lines, config.spmat_width_bits),
        ACT_SRAM: (parameters.act_sram_words, config.register_bits),
        SOURCE: (config.regfile_depth, config.register_bits),
        DESTINATION: (config.regfile_depth, config.register_bits),
    }
    rng = np.random.default_rng(3)
    # Register files are zero after reset, and so are counters; the codebook is not read.
    written = {(m, pe, a): 0 for m in (SOURCE, DESTINATION) for pe in range(config.n_pe)
               for a in range(config.regfile_depth)}
    script, want = [], []
    counted = [(PE_COUNTER, pe, a) for pe in range(config.n_pe) for a in range(32)]
    for memory, pe, address in (*counted, *((CCU_COUNTER, 0, a) for a in range(16)),
                                (CODEBOOK, 0, 3)):
        script.append(f"r {memory:x} {pe:x} {address:x} 0")
        want.append(0)
    for _ in range(accesses):
        memory = int(rng.choice(list(memories)))
        words, bits = memories[memory]
        address = int(rng.choice([0, words - 1, rng.integers(words)]))
        place = memory, int(rng.integers(config.n_pe)), address
        if place not in written or rng.random() < 0.4:
            written[place] = int(rng.integers(1 << bits))
            command = "w"
        else:
            command = "r"
            want.append(written[place])
        data = written[place] if command == "w" else 0
        script.append(f"{command} {place[0]:x} {place[1]:x} {place[2]:x} {data:x}")
    values = {**parameters.verilog(), "TraceBits": parameters.trace_bits}
    program = icarus.build(EIE, EIE.testbench, values, rtl_dirs, build_dir)
    with icarus.workspace(build_dir) as work:
        printed = icarus.simulate(program, work, script, trace=False)
    reads = [line for line in script if line.startswith("r")]
    for asked, line, data in zip(reads, printed, want, strict=False):
        got = line.rpartition(" ")[2]
        if got.lstrip("0") != f"{data:x}".lstrip("0"):
            return f"{asked}: expected {data:#x}, got {got}"
    return None if printed[len(reads)] == "end" else f"{printed[len(reads)]!r} behind the last read"
