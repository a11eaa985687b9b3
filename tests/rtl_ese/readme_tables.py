"""The generated parts of rtl/ese/README.md (runs) and rtl/ese/PORTS.md (headers and ports).

    python -m tests.rtl_ese.readme_tables       # writes both again
"""

from __future__ import annotations

import re

import numpy as np

from accelsim.machines import get_machine, load_machine
from accelsim.machines.ese.rtl import RTL as ESE
from accelsim.records.recurrent import RecurrentLayer
from accelsim.rtl_bridge.run import run_layer
from accelsim.rtl_bridge.trace import unpack
from tests.rtl.readme_tables import PORT
from tests.rtl_ese.bench import BUILDS, RTL, UNITS

MODULES = sorted(path.stem for path in (RTL / "ese").glob("*.v"))
README, PORTS = RTL / "ese" / "README.md", RTL / "ese" / "PORTS.md"


def job(layer, **machine):
    """One step of a small machine: two PEs, one channel, short latencies."""
    config = load_machine("ese", **{
        "n_pe": 2, "n_channels": 1, "ddr_word_bits": 32, "column_align_bits": 1,
        "ddr_latency_cycles": 3, "table_samples": 2, "elementwise_width": 1, "act_queue_depth": 2,
        "elementwise_latency_cycles": 3, **machine})
    inputs = np.linspace(0.2, 0.9, layer.n_inputs)[None]
    return config, get_machine("ese").job(config, layer, inputs)


def chart(config, work, names, first, last):
    """Cycles of a run as text, a line a signal, of PE 0; a dot is a zero or not shown.

    ``a if b`` shows signal a where b is high, its zeros too.
    """
    rtl = run_layer(config, work, [RTL], BUILDS, trace=True)
    fields = unpack(ESE.parameters(config, [(work, None)], trace=True), rtl.trace)
    rows = [("cycle", [str(t) for t in range(first, min(last, rtl.cycles))])]
    for name in names:
        signal, _, qualifier = name.partition(" if ")
        values = fields[signal].reshape(rtl.cycles, -1)[first:last, 0]
        shown = fields[qualifier or signal].reshape(rtl.cycles, -1)[first:last, 0] != 0
        rows.append((signal, [str(v) if there else "." for v, there in
                              zip(values, shown, strict=True)]))
    width = max(len(signal) for signal, _ in rows)
    lines = [f"{signal:{width}}  " + " ".join(f"{v:>2}" for v in row) for signal, row in rows]
    return "\n".join(["```text", *lines, "```"])


def charts():
    """Name to generated diagram."""
    matrix = np.array([[1.0, 0, 2, 0], [0, 0, 3, 1], [4, 0, 0, 2], [1, 0, 5, 0]])
    linear = job(RecurrentLayer("linear", {"Wyx": matrix}))
    rng = np.random.default_rng(2)
    names = ("Wix", "Wfx", "Wcx", "Wox", "Wir", "Wfr", "Wcr", "Wor")
    lstm = job(RecurrentLayer("lstm", {n: rng.normal(size=(3, 3)) for n in names}))
    multiplication = [
        "slot if begins", "ddr_1.transfer", "ddr_2.transfer", "front", "weights[0].words_0",
        "weights[0].words_1", "control.start", "control.fetch_wait", "control.broadcast",
        "control.column if control.broadcast", "act_queue.count", "ptr_read.pop",
        "weight_read.issue", "weight_read.empty", "arith_unit.mac", "arith_unit.write",
        "control.broadcast_idle", "control.drain", "channel[0].assemble.busy",
    ]
    element = [
        "slot if begins", "control.broadcast", "control.drain", "channel[0].assemble.busy",
        "channel[0].assemble.row if channel[0].assemble.busy", "channel[0].adder_tree.busy",
        "channel[0].adder_tree.enter", "channel[0].adder_tree.write", "channel[0].elem_mul.busy",
        "channel[0].elem_mul.enter", "channel[0].elem_mul.write", "vector_path.busy",
        "vector_path.pass",
    ]
    return {
        "multiplication": chart(*linear, multiplication, *around(linear, 0)),
        "elements": chart(*lstm, element, *around(lstm, 8)),
    }


def around(work, slot):
    """36 cycles around a slot of the first step."""
    config, made = work
    rtl = run_layer(config, made, [RTL], BUILDS, trace=True)
    fields = unpack(ESE.parameters(config, [(made, None)], trace=True), rtl.trace)
    at = int(np.flatnonzero(fields["begins"] == 1)[2 + slot])
    return max(0, at - 9), at + 27


def ports(module):
    """A module's header, and a table of its ports."""
    text = UNITS[module].read_text()
    head = [line.removeprefix("//").removeprefix(" ")
            for line in text.split("`default_nettype")[0].strip().splitlines()]
    lines = [f"## {module}", "", "```text", *head, "```", "", "| port | direction | bits | |",
             "| --- | --- | --- | --- |"]
    for line in text[text.index("\n) (\n"):text.index("\n);\n")].splitlines():
        if line.startswith("  // "):
            lines.append(f"| *{line.strip(' /')}* | | | |")
        elif match := PORT.match(line):
            direction, span, name, meaning = match.groups()
            bits = "1" if span is None else re.sub(r"-1:0$", "", span)
            lines.append(f"| `{name}` | {direction} | {bits} | {meaning or ''} |")
    return "\n".join([*lines, ""])


def ports_page():
    """The whole of rtl/ese/PORTS.md."""
    head = ("# Ports and timing of every module of ESE\n\nGenerated: `python -m "
            "tests.rtl_ese.readme_tables`. The text above each table is the header of the "
            "module's file.\n\n")
    return head + "\n".join(ports(module) for module in MODULES)


def refreshed(text):
    """The page with its diagrams made again."""
    for name, made in charts().items():
        before, begin, rest = text.partition(f"<!-- {name}: begin -->\n")
        _, end, after = rest.partition(f"<!-- {name}: end -->")
        assert end, f"no place for {name}"
        text = f"{before}{begin}{made}\n{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text()))
    PORTS.write_text(ports_page())
