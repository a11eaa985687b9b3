"""The array as a netlist of standard cells, in the place of its Verilog.

    python -m rtl.synth.netlist --set n_pe=2 -o gates
    accelsim cosim ... --set n_pe=2 --rtl-dir gates

With ``--gated`` clocks are held back by the latches of ``rtl/gated``.

Yosys maps everything but the SRAMs and flattens it: a cell's name says which unit it comes from.
The folder holds ``eie_array.v`` (the array's ports around the netlist), the netlist, and the cells
as the library's functions define them. So it runs wherever the Verilog runs, and is loaded through
the host's port.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.errors import AccelsimError, InputError
from accelsim.machines import load_config
from accelsim.rtl_bridge import rtl_parameters
from rtl.synth.flows import RTL, SRAM, UNITS
from rtl.synth.liberty import find_latch

OSU018 = Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib")
_SCRIPT = """
read_verilog -lib {sram}.v
read_verilog {units}
hierarchy -check -top {top} {values}
synth {flatten} -top {top}
dfflibmap -liberty cells.lib
{latches}
abc -liberty cells.lib {sized}
flatten
opt_clean -purge
splitnets
opt_clean -purge
rename {top} {gates}
select -assert-none t:$*
write_verilog -norename -noattr -noexpr {gates}.v
write_json {gates}.json
design -reset
read_liberty cells.lib
write_verilog -noattr cells.v
"""
# A latch of the library in the place of Yosys' own, open while E is high or low.
_LATCH = """
module \\$_DLATCH_P_ (input E, input D, output Q);
  {cell} _TECHMAP_REPLACE_ (.{E}(E), .{D}(D), .{Q}(Q));
endmodule
module \\$_DLATCH_N_ (input E, input D, output Q);
  wire e;
  \\$_NOT_ inverted (.A(E), .Y(e));
  {cell} _TECHMAP_REPLACE_ (.{E}(e), .{D}(D), .{Q}(Q));
endmodule
"""
_DRIVES = "set_driving_cell INVX1\nset_load 0.05 [all_outputs]\n"
_TRACE = """
  // Where the test bench looks for it
  genvar p;
  generate
    for (p = 0; p < NPe; p = p + 1) begin : g_pe
      wire [PeTraceBits-1:0] trace =
          trace_o[TraceBits - (NPe - p) * PeTraceBits +: PeTraceBits];
    end
  endgenerate
"""


@dataclass(frozen=True)
class Instance:
    """A cell of the netlist: its type, its pins' nets and the unit it comes from."""

    name: str
    kind: str
    nets: Mapping[str, tuple[int | str, ...]]

    @property
    def unit(self) -> str:
        """``arith_unit`` of ``g_pe[0].u_pe.u_arith_unit.u_saturate``, ``ccu`` for parts of it."""
        path = [part[2:] for part in re.split(r"[.\\]", self.name) if part.startswith("u_")]
        if path[:1] == ["pe"]:
            return path[1] if len(path) > 1 else "pe"
        return path[0] if path else "eie_array"


@dataclass(frozen=True)
class Netlist:
    """Flat netlist: cells, ports and the name of each net (a number in ``Instance.nets``)."""

    cells: tuple[Instance, ...]
    ports: Mapping[str, tuple[str, tuple[int | str, ...]]]
    names: Mapping[int, str]


def make_netlist(
    parameters: Mapping[str, int], liberty: Path, folder: Path, top: str = "eie_array",
    fast: bool = False, sources: Sequence[Path] = (), gated: bool = False,
) -> Netlist:
    """Map one unit and put its files into a folder.

    Parameters
    ----------
    fast : buffers and sizes of gates for the least delay, across the bounds of units
    sources : files beside the units, or in the place of one
    gated : clocks are held back, by rtl/gated

    Raises
    ------
    InputError
        If Yosys is missing, or the library has no cell for something.
    """
    compiler = shutil.which("yosys")
    if compiler is None:
        raise InputError("yosys is not installed; install Yosys 0.23 or newer")
    if not liberty.is_file():
        raise InputError(f"{liberty}: no such file; name a Liberty file, or install the Debian "
                         f"package qflow-tech-osu018")
    gates = f"{top}_gates"
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(liberty, Path(scratch, "cells.lib"))
        for path in (*UNITS, *sources):
            shutil.copy(path, scratch)
        latch = find_latch(liberty) if gated else None
        if gated:
            if latch is None:
                raise InputError(f"{liberty}: has no latch, which clock gates are made of")
            shutil.copy(RTL / "gated" / "clock_gate.v", scratch)
            (Path(scratch) / "latches.v").write_text(_LATCH.format_map(latch))
        (Path(scratch) / "cells.constr").write_text(_DRIVES)
        (Path(scratch) / "map.ys").write_text(_SCRIPT.format(
            sram=SRAM, top=top, gates=gates,
            flatten="-flatten" * fast, latches="techmap -map latches.v" * gated,
            sized="-constr cells.constr -D 1" * fast,
            units=" ".join(sorted({p.name for p in (*UNITS, *sources) if p.stem != SRAM})),
            values=" ".join(f"-chparam {key} {value}" for key, value in parameters.items()),
        ))
        done = subprocess.run([compiler, "-q", "map.ys"], cwd=scratch, capture_output=True,
                              text=True)
        if done.returncode:
            lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
            raise InputError(f"{liberty}: synthesis failed: "
                             f"{next((line for line in lines if 'ERROR' in line), lines[-1])}")
        folder.mkdir(parents=True, exist_ok=True)
        for name in (f"{gates}.v", f"{gates}.json", "cells.v"):
            shutil.copy(Path(scratch, name), folder)
    if not sources:
        (folder / f"{top}.v").write_text(wrapper(top, gates))
    return read_netlist(folder / f"{gates}.json", gates)


def wrapper(top: str, gates: str) -> str:
    """The module with its parameters and ports, around the netlist that has none."""
    text = next(path for path in UNITS if path.stem == top).read_text()
    head, _, body = text.partition("\n);\n")
    del body
    ports = [line.split(",")[0].split("//")[0].split()[-1] for line in head.splitlines()
             if line.startswith(("  input", "  output"))]
    trace = _TRACE if top == "eie_array" else ""
    links = ", ".join(f".{port}({port})" for port in ports)
    return f"{head}\n);\n\n  {gates} u_gates ({links});\n{trace}\nendmodule\n"


def read_netlist(path: Path, top: str) -> Netlist:
    """What Yosys wrote."""
    module: dict[str, Any] = json.loads(path.read_text())["modules"][top]
    cells = tuple(
        Instance(name, cell["type"],
                 {pin: tuple(bits) for pin, bits in cell["connections"].items()})
        for name, cell in module["cells"].items()
    )
    names = {bit: name for name, net in module["netnames"].items() for bit in net["bits"]
             if isinstance(bit, int)}
    ports = {name: (port["direction"], tuple(port["bits"]))
             for name, port in module["ports"].items()}
    return Netlist(cells, ports, names)


def main() -> int:
    """Write a folder that takes the place of the array's Verilog."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--liberty", type=Path, default=OSU018, help="standard cells")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting of the machine, as accelsim cosim takes it")
    parser.add_argument("--gated", action="store_true", help="hold clocks back")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder")
    arguments = parser.parse_args()
    try:
        values = dict(setting.split("=", 1) for setting in arguments.set)
        parameters = rtl_parameters(load_config("eie", **values)).verilog()
        netlist = make_netlist(parameters, arguments.liberty, arguments.output,
                               gated=arguments.gated)
    except AccelsimError as error:
        print(f"netlist: error: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.output}: {len(netlist.cells):,} cells")
    return 0


if __name__ == "__main__":
    sys.exit(main())
