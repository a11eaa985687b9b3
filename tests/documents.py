"""The documents that the tests hold to the truth: one list, and how to read what stands in them.

test_readme.py holds tables, links and file names, test_readme_examples.py runs their Python,
test_readme_commands.py their commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from accelsim.papers.tables import refreshed

__all__ = ["DOCUMENTS", "GRAPHS", "README", "ROOT", "Document", "refreshed"]

ROOT = Path(__file__).parents[1]

NAMES = (
    "README.md",
    "accelsim/machines/README.md",
    "accelsim/machines/eie/README.md",
    "accelsim/machines/ese/README.md",
    "accelsim/machines/bbs/README.md",
    "accelsim/inside/README.md",
    "accelsim/study/README.md",
    "accelsim/energy/README.md",
    "accelsim/dram/README.md",
    "accelsim/formats/README.md",
    "accelsim/compression/tables/README.md",
    "accelsim/workload/README.md",
    "accelsim/workload/graphs/README.md",
    "accelsim/workload/cells/README.md",
    "accelsim/papers/README.md",
    "tests/bench/README.md",
    "rtl/README.md",
    "rtl/ese/README.md",
    "traces/README.md",
)
"""In the order in which their commands run: some read what others have written."""

_FENCE = re.compile(r"(?:<!-- (example|prints|part of): ([\w./]+) -->\n)?^```(\w*)\n(.*?)^```$",
                    re.DOTALL | re.MULTILINE)
_TABLE = re.compile(r"<!-- table: ([^\n]+?) -->.*?<!-- end -->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Something between fences.

    Attributes
    ----------
    marked : "example", "prints" (what the example of that name prints) or "part of" a plug-in
    name : of the example, or the plug-in's file
    """

    kind: str
    text: str
    marked: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Document:
    """One of them, by its path from the project's folder."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        return [Block(m[3], m[4], m[1], m[2]) for m in _FENCE.finditer(self.text)]

    @cached_property
    def prose(self) -> str:
        """The text without what stands between fences."""
        return _FENCE.sub("", self.text)

    @cached_property
    def tables(self) -> dict[str, str]:
        """Generated tables by name and what it is given, markers included."""
        return {m[1]: m[0] for m in _TABLE.finditer(self.text)}

    @cached_property
    def chapters(self) -> list[str]:
        return re.findall(r"^##+ (.*)$", self.prose, re.MULTILINE)

    @cached_property
    def links(self) -> list[str]:
        """Targets of links to files and chapters, as they stand there."""
        return [t for t in re.findall(r"\]\(([^)\s]+)\)", self.prose) if "://" not in t]

    def python(self) -> list[Block]:
        """Python that is not marked: it runs as it stands."""
        return [b for b in self.blocks if b.kind == "python" and b.marked is None]


DOCUMENTS = [Document(name) for name in NAMES]
README = DOCUMENTS[0]
GRAPHS = [block.text for document in DOCUMENTS for block in document.blocks
          if block.kind == "toml" and "node = [" in block.text]
"""Networks in TOML; what else is in TOML is a study."""


def anchor(chapter: str) -> str:
    """What a link to a chapter ends in, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", chapter.replace("`", "").lower())
    return kept.strip().replace(" ", "-")
