"""The generated parts of rtl/README.md and rtl/PORTS.md: ports from the Verilog, timing from runs.

    python -m tests.rtl.readme_tables       # writes both again

A generated part stands between ``<!-- name: begin -->`` and ``<!-- name: end -->``.
"""

from __future__ import annotations

import re

import numpy as np

from accelsim.arch import load_config
from accelsim.arch.plan import tile_rows
from accelsim.engines.job import LayerJob
from accelsim.formats import build_image
from accelsim.records import CompressedLayer, CscMatrix
from accelsim.rtl_bridge.params import rtl_parameters, rtl_plan
from accelsim.rtl_bridge.run import run_layer
from accelsim.rtl_bridge.trace import unpack
from tests.rtl.bench import BUILDS, RTL

MODULES = [
    "eie_array", "ccu", "ccu_program", "scan", "lnzd_tree", "lnzd_node", "ccu_counters", "pe",
    "act_queue", "ptr_read", "spmat_read", "weight_decoder", "arith_unit", "round_shift",
    "saturate", "act_rw", "regfile", "pe_counters", "sram_1rw",
]
PORT = re.compile(
    r"^  (input|output)\s+(?:wire|reg)\s+(?:\[(.*?)\]\s+)?(\w+),?\s*(?://\s*(.*))?$"
)


def ports(module):
    """Markdown table of a module's ports."""
    text = (RTL / f"{module}.v").read_text()
    lines = ["| port | direction | bits | |", "| --- | --- | --- | --- |"]
    for line in text[text.index("\n) (\n"):text.index("\n);\n")].splitlines():
        if line.startswith("  // "):
            lines.append(f"| *{line.strip(' /')}* | | | |")
        elif match := PORT.match(line):
            direction, span, name, meaning = match.groups()
            bits = "1" if span is None else re.sub(r"-1:0$", "", span)
            lines.append(f"| `{name}` | {direction} | {bits} | {meaning or ''} |")
    return "\n".join(lines)


def manual(module):
    """A module's header as text: its first line, then the rest."""
    head = (RTL / f"{module}.v").read_text().split("`default_nettype")[0]
    lines = [line.removeprefix("//").removeprefix(" ") for line in head.strip().splitlines()]
    return "\n".join(["```text", *lines, "```"])


def chart(columns, names, **machine):
    """A run on one PE as text, a line a signal; ``columns`` are lists of codes, top to bottom."""
    config = load_config("eie", n_pe=1, capacity="check", spmat_kb=1.0, pointer_kb=1.0,
                         act_sram_kb=0.25, **machine)
    matrix = CscMatrix.from_dense(np.array(columns, dtype=np.uint8).T)
    packed = CompressedLayer(matrix, np.zeros(16, np.float32), 4, 4)
    image = build_image(packed, 1, 4, tile_rows(config, packed.n_outputs))
    job = LayerJob(image, np.arange(16), np.ones(len(columns), dtype=np.int64), 0)
    rtl = run_layer(config, job, [RTL], BUILDS, trace=True)
    n_passes = len(rtl_plan(config, image))
    fields = unpack(rtl_parameters(config, n_passes, trace=True), rtl.trace)
    width = max(map(len, names))
    rows = [("cycle", [str(t) for t in range(rtl.cycles)])]
    for name in names:
        values = fields[name].reshape(rtl.cycles, -1)[:, 0]
        rows.append((name, [str(v) if v else "." for v in values]))
    lines = [f"{name:{width}}  " + " ".join(f"{v:>2}" for v in row) for name, row in rows]
    return "\n".join(["```text", *lines, "```"])


def charts():
    """Name to generated diagram."""
    slot = ["start", "compute", "drain", "broadcast", "act_queue.count", "ptr_read.pop",
            "spmat_read.empty", "spmat_read.issue", "spmat_read.line_read", "arith_unit.padding",
            "arith_unit.mac", "arith_unit.write"]
    hazard = ["spmat_read.issue", "arith_unit.wait", "arith_unit.mac", "arith_unit.adder_bypass",
              "arith_unit.write_bypass", "arith_unit.write"]
    long = [0] * 20 + [1]
    same, apart = [[1, 0], [2, 0], [3, 0]], [[1, 0], [0, 2], [3, 0]]
    return {
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
    }


def refreshed(text):
    """The text with every generated part made again."""
    parts = charts() | {f"ports-{module}": ports(module) for module in MODULES}
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
