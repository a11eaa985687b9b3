"""Yosys proves that a bit of the Verilog never changes, whatever the host does.

Each build of coverage_layers.py is flattened and what is constant is folded: a register too, if
from reset on no input can change it. Bits that are constant only because of what several registers
hold together are proved by induction over time (``sat -tempinduct``), with every memory's content
free. A bit is unreachable if that holds in every instance of its module.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from accelsim.rtl_bridge.coverage import Point
from tests.rtl.bench import UNITS

_FOLD = """
read_verilog {units}
hierarchy -check -top {top} {values}
proc
write_json {tree}
flatten
setattr -set keep 1 {named}
opt_expr -fine
opt_clean
wreduce
opt -fine
opt_dff -sat
simplemap t:$shr
opt -fine
write_json {flat}
write_rtlil {rtlil}
"""
# With parameters: a digest before the name, or values behind it.
_MODULE = re.compile(r"(?:\$paramod(?:\$\w+)?\\)?(\w+)")
_NAMED = r"w:\\*"  # a name that the source gives; its driver must stay
_INDUCE = """
read_rtlil {rtlil}
async2sync
dffunmap
sat -verify -ignore_unknown_cells -tempinduct -maxsteps 2 -seq 1 -set-at 1 rst_ni 0 {claims}
"""


class Folded:
    """A build with what is constant folded.

    Parameters
    ----------
    top, values : module and its parameters
    units : module to file
    """

    def __init__(
        self, top: str, values: Mapping[str, int], units: Mapping[str, Path] = UNITS,
    ) -> None:
        with tempfile.TemporaryDirectory() as folder:
            files = {name: Path(folder, name) for name in ("tree", "flat", "rtlil")}
            _yosys(_FOLD.format(
                units=" ".join(map(str, units.values())), top=top, **files, named=_NAMED,
                values=" ".join(f"-chparam {key} {value}" for key, value in values.items())))
            self._places = _instances(json.loads(files["tree"].read_text())["modules"], top)
            self._nets = json.loads(files["flat"].read_text())["modules"][top]["netnames"]
            self._rtlil = files["rtlil"].read_text()

    def constant(self, point: Point) -> bool:
        """Whether a bit is here, and constant in every instance of its module."""
        here = self._bits(point)
        return bool(here) and all(value in ("0", "1") for value in here.values())

    def has(self, point: Point) -> bool:
        """Whether some instance here has the bit."""
        return bool(self._bits(point))

    def not_proved(self, points: Iterable[Point], ones: Iterable[tuple[str, str]]) -> list[str]:
        """Bits, by their place in the build, of which neither way proves that they never change.

        Parameters
        ----------
        points : of any modules; where they are not, or narrower, they are not asked for
        ones : (module, bit) of those that are always 1; others are 0, or what folding found
        """
        ones = set(ones)
        claims = [(bit, (point.module, point.what) in ones) for point in points
                  for bit, value in self._bits(point).items() if value not in ("0", "1")]
        if not claims or self._induced(claims):
            return []
        return [claim for claim, one in claims if not self._induced([(claim, one)])]

    def _bits(self, point: Point) -> dict[str, int | str]:
        """Its places and what is there: a number of a net, or "0", "1" or "x"."""
        name, bit = _split(point.what)
        nets = {f"{place}{name}": self._nets[f"{place}{name}"]["bits"]
                for place in self._places[point.module] if f"{place}{name}" in self._nets}
        return {f"{net}[{bit}]": bits[bit] for net, bits in nets.items() if bit < len(bits)}

    def _induced(self, claims: Iterable[tuple[str, bool]]) -> bool:
        told = " ".join(f"-prove {name} 1'b{int(one)}" for name, one in claims)
        with tempfile.NamedTemporaryFile("w", suffix=".il") as file:
            file.write(self._rtlil)
            file.flush()
            try:
                _yosys(_INDUCE.format(rtlil=file.name, claims=told))
            except AssertionError:
                return False
        return True


def _instances(modules: Mapping[str, dict], top: str) -> dict[str, list[str]]:
    """Module to where its instances are, each with a dot behind it."""
    found = defaultdict(list)
    left = [("", top)]
    while left:
        place, module = left.pop()
        name = _MODULE.match(module)
        assert name, module
        found[name[1]].append(place)
        cells = modules[module]["cells"].items()
        left += [(f"{place}{cell}.", it["type"]) for cell, it in cells if it["type"] in modules]
    return found


def _split(what: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.*)\[(\d+)\]", what)
    return (match[1], int(match[2])) if match else (what, 0)


def _yosys(script: str) -> None:
    done = subprocess.run(["yosys", "-q", "-"], input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
