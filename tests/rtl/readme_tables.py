"""The generated parts of rtl/README.md and rtl/PORTS.md: ports, and what runs of the RTL show.

    python -m tests.rtl.readme_tables       # writes both again

A generated part stands between ``<!-- name: begin -->`` and ``<!-- name: end -->``.
"""

from __future__ import annotations

import re

import numpy as np

from accelsim.formats import build_image
from accelsim.machines import load_config
from accelsim.machines.eie.job import layer_job
from accelsim.machines.eie.plan import tile_rows
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.works import make_job
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer, CscMatrix, Geometry
from accelsim.rtl_bridge.run import run_layer
from accelsim.rtl_bridge.trace import unpack
from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.coverage_run import measured
from tests.rtl.parameter_coverage import table

MODULES = [
    "eie_array", "ccu", "ccu_program", "gather", "scan", "lnzd_tree", "lnzd_node", "ccu_counters",
    "pe", "act_queue", "ptr_read", "spmat_read", "weight_decoder", "arith_unit",
    "arith_unit_shift", "arith_unit_sign", "round_shift",
    "saturate", "act_rw", "regfile", "pe_counters", "sram_1rw", "clock_gate",
]
PORT = re.compile(
    r"^  (input|output)\s+(?:wire|reg)\s+(?:\[(.*?)\]\s+)?(\w+),?\s*(?://\s*(.*))?$"
)


def port_lines(module):
    """The lines between the parentheses of a module's ports."""
    text = UNITS[module].read_text()
    return re.search(r"^(?:\) |module \w+ )\(\n(.*?)^\);\n", text, re.S | re.M)[1].splitlines()


def ports(module):
    """Markdown table of a module's ports."""
    lines = ["| port | direction | bits | |", "| --- | --- | --- | --- |"]
    for line in port_lines(module):
        if line.startswith("  // "):
            lines.append(f"| *{line.strip(' /')}* | | | |")
        elif match := PORT.match(line):
            direction, span, name, meaning = match.groups()
            bits = "1" if span is None else re.sub(r"-1:0$", "", span)
            lines.append(f"| `{name}` | {direction} | {bits} | {meaning or ''} |")
    return "\n".join(lines)


def manual(module):
    """A module's header as text: its first line, then the rest."""
    head = UNITS[module].read_text().split("`default_nettype")[0]
    lines = [line.removeprefix("//").removeprefix(" ") for line in head.strip().splitlines()]
    return "\n".join(["```text", *lines, "```"])


def chart(columns, names, activations=None, n_pe=1, **machine):
    """A run as text, a line a signal, of PE 0; ``columns`` are lists of codes, top to bottom.

    ``a if b`` shows signal a where b is high, its zeros too; a dot is a zero or not shown.
    """
    config = load_config("eie", n_pe=n_pe, capacity="check", spmat_kb=1.0, pointer_kb=1.0,
                         act_sram_kb=0.25, **machine)
    matrix = CscMatrix.from_dense(np.array(columns, dtype=np.uint8).T)
    packed = CompressedLayer(matrix, np.zeros(16, np.float32), 4, 4)
    image = build_image(packed, n_pe, 4, tile_rows(config, packed.n_outputs))
    vector = np.array(activations or [1] * len(columns), dtype=np.int64)
    job = layer_job(config, image, np.arange(16), vector, 0)
    return drawn(config, job, names)


def drawn(config, job, names):
    """The RTL's trace of a job, as `chart` shows it."""
    rtl = run_layer(config, job, [RTL], BUILDS, trace=True)
    fields = unpack(EIE.parameters(config, [(job, None)], trace=True), rtl.trace)
    rows = [("cycle", [str(t) for t in range(rtl.cycles)])]
    for name in names:
        signal, _, qualifier = name.partition(" if ")
        values = fields[signal].reshape(rtl.cycles, -1)[:, 0]
        shown = fields[qualifier or signal].reshape(rtl.cycles, -1)[:, 0] != 0
        cells = zip(values, shown, strict=True)
        rows.append((signal, [str(v) if there else "." for v, there in cells]))
    width = max(len(signal) for signal, _ in rows[1:])
    lines = [f"{signal:{width}}  " + " ".join(f"{v:>2}" for v in row) for signal, row in rows]
    return "\n".join(["```text", *lines, "```"])


def convolution():
    """Four vectors of two rows."""
    config = load_config("eie", n_pe=1, capacity="check", spmat_kb=1.0, pointer_kb=1.0,
                         act_sram_kb=0.25)
    matrix = CscMatrix.from_dense(np.array([[1, 1]], dtype=np.uint8))
    packed = CompressedLayer(matrix, np.zeros(16, np.float32), 4, 4,
                             binary_points=BinaryPoints(0, 0, 0))
    geometry = Geometry(1, 1, (1, 2), padding=((0, 0), (1, 0)))
    image = np.array([[[1, 2], [3, 4]]])
    job = make_job(config, CompressedConv(packed, geometry), image, fixed_point=True)
    names = ["start", "load", "batch_addr if load", "act_rw.load_write", "compute", "broadcast",
             "drain", "store"]
    return drawn(config, job, names)


def charts():
    """Name to generated diagram."""
    slot = ["start", "compute", "drain", "broadcast", "act_queue.count", "ptr_read.pop",
            "spmat_read.empty", "spmat_read.issue", "spmat_read.line_read", "arith_unit.padding",
            "arith_unit.mac", "arith_unit.write"]
    hazard = ["spmat_read.issue", "arith_unit.wait", "arith_unit.mac", "arith_unit.adder_bypass",
              "arith_unit.write_bypass", "arith_unit.write"]
    long = [0] * 20 + [1]
    same, apart = [[1, 0], [2, 0], [3, 0]], [[1, 0], [0, 2], [3, 0]]
    values = ["broadcast_column if broadcast", "broadcast_activation if broadcast",
              "act_queue.column if ptr_read.pop", "act_queue.activation if ptr_read.pop",
              "ptr_read.even_word if ptr_read.pop", "ptr_read.odd_word if ptr_read.pop",
              "ptr_read.begin if ptr_read.end", "ptr_read.end",
              "spmat_read.line if spmat_read.line_read", "spmat_read.code",
              "spmat_read.run if spmat_read.code", "weight_decoder.weight",
              "arith_unit.read_row if arith_unit.mac", "act_rw.read_value if arith_unit.mac",
              "arith_unit.write_row if arith_unit.write",
              "arith_unit.write_value if arith_unit.write"]
    scan = ["compute", "scan_row if looks", "position if looks", "lnzd_tree.found",
            "lnzd_tree.index if lnzd_tree.found", "lnzd_tree.value", "broadcast",
            "broadcast_column if broadcast", "row_change"]
    return {
        "values": chart([[0, 3, 5], [0, 0, 0], [4, 0, 6]], values, [2, 0, 10]),
        "scan": chart([[1] * 4] * 12, scan, [0, 0, 7, 0, 0, 0, 0, 0, 5, 0, 0, 9], n_pe=4),
        "columns": chart([[1, 0, 0, 0], [0, 0, 0, 0], [2, 3, 4, 0], [0, 5, 0, 0]], slot),
        "padding": chart([long], slot),
        "blocked": chart([[1, 2, 3, 4]] * 4, ["broadcast", "blocked", "act_queue.count",
                         "ptr_read.pop", "spmat_read.issue"], act_queue_depth=1),
        "forwarded": chart(same, hazard, bypass=True),
        "forwarded-apart": chart(apart, hazard, bypass=True),
        "waiting": chart(same, hazard, bypass=False),
        "batches": chart([[1, 2, 3]] * 3, ["start", "swap", "clear", "load", "batch_row",
                         "act_rw.load_write", "compute", "scan_read", "broadcast", "drain",
                         "store"], regfile_depth=2),
        "convolution": convolution(),
    }


def refreshed(text):
    """The text with every generated part made again."""
    coverage = {"coverage": f"```text\n{measured().report()}\n```", "parameters": table()}
    parts = charts() | coverage | {f"ports-{module}": ports(module) for module in MODULES}
    for name, part in parts.items():
        pattern = rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)"
        text = re.sub(pattern, lambda m, part=part: f"{m[1]}{part}\n{m[2]}", text, flags=re.DOTALL)
    return text


def ports_page():
    """rtl/PORTS.md."""
    lines = ["# Ports and timing of every module", "",
             "Generated: `python -m tests.rtl.readme_tables`. The text above each table is the "
             "header of the module's file."]
    for module in MODULES:
        lines += ["", f"## {module}", "", manual(module), "", ports(module)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    readme = RTL / "README.md"
    readme.write_text(refreshed(readme.read_text()))
    (RTL / "PORTS.md").write_text(ports_page())
