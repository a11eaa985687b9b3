"""Single faults in Verilog text: what a slip of the pen or a wrong wire would do.

Ports, parameters, elaboration-time functions, wires that only keep the linter quiet and the trace
are left alone: a fault there does not compile, or changes no hardware. Of other declarations only
widths are cut.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """One fault: line ``number`` of a unit becomes ``after``.

    Attributes
    ----------
    occurrence : 1 for the first line of this text in the file
    """

    unit: str
    number: int
    occurrence: int
    operator: str
    before: str
    after: str

    @property
    def name(self) -> str:
        """For reports and test identifiers."""
        return f"{self.unit}:{self.number} {self.operator}"

    def __str__(self) -> str:
        return f"{self.name}: {self.before.strip()}  ->  {self.after.strip()}"

    def apply(self, source: str) -> str:
        """The unit's text with the fault."""
        lines = source.split("\n")
        assert lines[self.number - 1] == self.before
        lines[self.number - 1] = self.after
        return "\n".join(lines)


# Widths of wires and registers, each with the bits that the small machines need: a fault that keeps
# so many and drops the rest is seen by nothing smaller than tests/rtl/large_cases.py.
_ENOUGH = {
    "PositionBits": 6, "RowBits": 6, "RowCountBits": 7, "NextBits": 7, "ColumnBits": 13,
    "LineBits": 13, "BankBits": 12, "PointerBits": 16, "ActAddrBits": 12, "CountBits": 4,
    "SlotBits": 4, "IndexBits": 6, "PassBits": 8, "LoopBits": 12,
}
_WIDTH = re.compile(r"^\s*(?:reg|wire)\b[^=;]*?\[(\w+)-1:0\]")

# name, pattern, replacement; each match of each is one mutant.
_REPLACEMENTS = [
    ("and to or", r"&&", "||"),
    ("or to and", r"\|\|", "&&"),
    ("equal to unequal", r"(?<![=!<>])==(?!=)", "!="),
    ("unequal to equal", r"!=", "=="),
    ("plus to minus", r" \+ ", " - "),
    ("minus to plus", r" - ", " + "),
    ("negation gone", r"!(?=[a-z(])(?!rst_ni)", ""),
    ("selection turned", r" \? ", " == 1'b0 ? "),
    ("0 to 1", r"\b1'b0\b", "1'b1"),
    ("1 to 0", r"\b1'b1\b", "1'b0"),
    ("constant plus 1", r"\b(\d+)'d(\d)\b", None),
    ("step 0", r"(?<=[+-] )(One|Step|OneRow|OneWord|OnePass|NextRow)\b", "0"),
    ("greater or equal", r" > ", " >= "),
    ("logical shift", r">>>", ">>"),
    ("shift the other way", r"(?<!>)>>(?!>)", "<<"),
    ("register kept", r"^(\s*(?:if \(.*\) |else |default: )*)(\w+(?:\[\w+\])?)\s*<= [^;]+;",
     r"\1\2 <= \2;"),
    ("always", r"\bif \((?!!rst_ni)(?:[^()]|\([^()]*\))+\)", "if (1'b1)"),
    ("never", r"\bif \((?!!rst_ni)(?:[^()]|\([^()]*\))+\)", "if (1'b0)"),
    ("stuck at 0", r"^(\s*assign \w+(?:\[\w+\])?\s*= )[^;]+;", r"\g<1>0;"),
    ("stuck at 1", r"^(\s*assign \w+(?:\[\w+\])?\s*= )[^;]+;", r"\g<1>1;"),
    ("input tied low", r"\.(?!clk_i|rst_ni)(\w+_i)\(((?:[^()]|\([^()]*\))+)\)", r".\1(0)"),
]

_DECLARATION = re.compile(
    r"^(localparam|//|`|genvar|reg )|\bfor \(|\bunused|if \((Counters|Bypass|Gather|i) "
)


def mutants(path: Path) -> list[Mutant]:
    """Every fault that the operators make of a file, in the order of its lines."""
    found: dict[tuple[int, str], Mutant] = {}
    times: Counter[str] = Counter()
    for number, line in _body(path.read_text()):
        text = " ".join(line.split())
        times[text] += 1
        code, comment = _split(line)
        faults = () if _DECLARATION.search(text) else _faults(code)
        for operator, after in (*_narrowed(code), *faults):
            if _value(after) != _value(code):
                mutant = Mutant(path.stem, number, times[text], operator, line, after + comment)
                found.setdefault((number, mutant.after), mutant)
    return list(found.values())


def _body(source: str) -> Iterator[tuple[int, str]]:
    """Lines behind the header that are not for the linter or the trace only."""
    inside = skip = False
    for number, line in enumerate(source.split("\n"), 1):
        text = line.strip()
        skip = skip or text.startswith(("function", "`ifdef")) or text.endswith(": g_trace")
        if inside and not skip:
            yield number, line
        inside = inside or text == ");"
        skip = skip and text not in ("endfunction", "endgenerate", "`endif")


def _split(line: str) -> tuple[str, str]:
    at = line.find("//")
    return (line, "") if at < 0 else (line[:at], line[at:])


def _value(code: str) -> str:
    """The same for two spellings of one constant."""
    zeros = re.sub(r"\{\w+\{1'b0\}\}", "0", " ".join(code.split()))
    return re.sub(r"\b1'b([01])\b", r"\1", zeros)


def _narrowed(code: str) -> Iterator[tuple[str, str]]:
    match = _WIDTH.search(code)
    if match and match[1] in _ENOUGH and "unused" not in code:
        name, enough = match[1], _ENOUGH[match[1]]
        few = f"(({name} > {enough}) ? {enough} : {name})"
        yield "width cut", f"{code[: match.start(1)]}{few}{code[match.end(1):]}"


def _faults(code: str) -> Iterator[tuple[str, str]]:
    for operator, pattern, replacement in _REPLACEMENTS:
        for match in re.finditer(pattern, code):
            if replacement is None:
                width, digit = int(match[1]), int(match[2])
                new = f"{width}'d{(digit + 1) % min(10, 1 << width)}"
            else:
                new = match.expand(replacement)
            yield operator, code[: match.start()] + new + code[match.end():]
