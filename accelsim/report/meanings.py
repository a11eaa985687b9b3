"""One colour, one meaning: what every colour, hatch and marker stands for, in every figure.

A name has the same look wherever it is drawn: padding is orange among cycles and among energies,
`nt-we` is the same line in every figure. Names of one role share their look (a weight memory,
whichever machine has it), no two meanings share a colour. Names that are not listed here (states
and modules of a plug-in, layers of a file) get one of `SPARE` by their text, so that they look the
same in the next figure too; where two of one figure fall together, the later takes the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

OKABE_ITO = ("#009E73", "#E69F00", "#56B4E9", "#D55E00", "#BBBBBB", "#0072B2", "#CC79A7", "#F0E442")
"""Colours that colour-blind readers can tell apart (Okabe and Ito, 2008), grey for idle."""

HATCHES = ("", "//", "..", "xx", "", "\\\\", "++", "oo")
"""So that the same bars can be read in grey."""


@dataclass(frozen=True)
class Look:
    """How something is drawn: bars have colour and hatch, lines colour, marker and dash."""

    colour: str
    hatch: str = ""
    marker: str = "o"
    dash: str = "-"

    @property
    def edge(self) -> str:
        """Of edges and hatches: what can be seen on the colour."""
        red, green, blue = (int(self.colour[at:at + 2], 16) for at in (1, 3, 5))
        return "#707070" if 0.3 * red + 0.59 * green + 0.11 * blue > 190 else "white"


OURS, PUBLISHED = "ours", "published"

LOOKS: dict[str, Look] = {
    # What a PE does in a cycle, and what energy is spent on.
    "useful": Look("#009E73"),
    "padding": Look("#E69F00", "//"),
    "empty columns": Look("#56B4E9", ".."),
    "empty rows": Look("#A6DBF7", ".."),
    "hazard": Look("#CC79A7", "++"),
    "bitmaps": Look("#C2A83E", "oo"),
    "starved": Look("#D55E00", "xx"),
    "starved: blocked by a full queue": Look("#A63603", "xx"),
    "starved: scan changes rows": Look("#F4A582", "\\\\"),
    "starved: column empty here": Look("#FDBE85", "oo"),
    "starved: scan has finished": Look("#8C510A", "--"),
    "starved: fill": Look("#C7A17A"),
    "starved: PE beside it works": Look("#7F3B08", ".."),
    "idle": Look("#B2182B", "xx"),
    "overhead": Look("#BBBBBB"),
    "start, refill, load": Look("#A0A0A0"),
    "drain, store": Look("#787878"),
    "start, drain": Look("#8A8A8A"),
    "set-up, drain": Look("#919191"),
    "element-wise": Look("#F0E442", "oo"),
    "weights arriving": Look("#8073AC", "//"),
    "pointer fetch": Look("#542788", "\\\\"),
    "vector fetch": Look("#B2ABD2", ".."),
    "input fetch": Look("#D8DAEB", "++"),
    "table fetch": Look("#9970AB", "xx"),
    "assemble": Look("#5C6B73"),
    "store": Look("#2F3E46"),
    "control": Look("#444444"),
    # Modules, by their role.
    "weights": Look("#CC6677"),
    "pointers": Look("#332288", ".."),
    "vectors": Look("#DDCC77", "//"),
    "queue": Look("#88CCEE", "\\\\"),
    "arithmetic": Look("#117733"),
    "scan": Look("#999933"),
    "dram": Look("#882255", "xx"),
    "biases": Look("#661100"),
    "sums": Look("#AA4499", "++"),
    "results": Look("#6699CC"),
    "indices": Look("#44AA99", "//"),
    "codebook": Look("#DDAA33"),
    # Whose value it is, and platforms beside it.
    OURS: Look("#0072B2"),
    f"{OURS}, light": Look("#9CC9E3"),
    PUBLISHED: Look("#707070", "//"),
    f"{PUBLISHED}, light": Look("#D0D0D0", "//"),
    "CPU": Look("#F2F2F2", ".."),
    "GPU": Look("#DADADA", "xx"),
    "mGPU": Look("#B0B0B0", "\\\\"),
    # Bounds and designs.
    "ideal": Look("#CFCFCF"),
    "design": Look("#999999", marker="."),
    "front": Look("#000000", marker="D"),
    "cannot be built": Look("#B30000", marker="x"),
    # Layers: the hue is the network, shade, marker and dash the layer.
    "alex-6": Look("#08306B", "", "o", "-"),
    "alex-7": Look("#2171B5", "//", "s", "--"),
    "alex-8": Look("#6BAED6", "..", "^", "-."),
    "vgg-6": Look("#00441B", "", "D", "-"),
    "vgg-7": Look("#238B45", "//", "v", "--"),
    "vgg-8": Look("#74C476", "..", "P", "-."),
    "nt-we": Look("#7A0177", "", "X", "-"),
    "nt-wd": Look("#DD3497", "//", "*", "--"),
    "nt-lstm": Look("#FA9FB5", "..", "<", "-."),
    # Kinds of transistors (EIE Fig. 9).
    "hp": Look("#E7298A", "", "o", "-"),
    "lop": Look("#66A61E", "", "s", "--"),
    "lstp": Look("#1F78B4", "", "^", "-."),
    "mixed": Look("#7570B3", "", "D", ":"),
    "line reads": Look("#222222"),
}
"""Meaning to look; every colour stands here once."""

SAME = {
    "multiplication": "useful",
    "spmat_read": "weights", "weight_buffer": "weights", "weight_memory": "weights",
    "ptr_read": "pointers", "pointer_buffer": "pointers",
    "act_rw": "vectors", "vector_buffer": "vectors", "vector_buffers": "vectors",
    "act_queue": "queue", "arith_unit": "arithmetic", "lnzd": "scan", "bias_memory": "biases",
    "adder_tree": "sums", "write": "results", "elem_mul": "element-wise",
    "elementwise": "element-wise", "designs": "design",
}
"""Names that mean what another name says."""

SPARE = (
    "#1F9BCF", "#B15928", "#33A02C", "#FB9A99", "#6A3D9A", "#FF7F00", "#A6CEE3", "#B2DF8A",
    "#CAB2D6", "#E31A1C", "#FDBF6F", "#525252",
)
"""For names that stand nowhere above."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h")
DASHES = ("-", "--", "-.", ":")


def meaning(name: str) -> str:
    """What a name means: a waiting state is what is waited for, a memory what it holds."""
    bare = name.removeprefix("waiting: ")
    return SAME.get(bare, bare)


def looks_of(names: Iterable[str]) -> dict[str, Look]:
    """A look for each name of one figure."""
    found: dict[str, Look] = {}
    taken: set[int] = set()
    for name in dict.fromkeys(names):
        known = LOOKS.get(meaning(name)) or LOOKS.get(name.partition(",")[0])
        if known is None:
            known = _spare(name, taken)
        found[name] = known
    return found


def side_look(side: str, rank: int, of: int) -> Look:
    """Of ``ours`` or ``published`` values: the last quantity of several is the strong one."""
    name = side if side in (OURS, PUBLISHED) else PUBLISHED
    return LOOKS[name if rank == of - 1 else f"{name}, light"]


def _spare(name: str, taken: set[int]) -> Look:
    first = crc32(name.encode("utf-8", "surrogatepass")) % len(SPARE)
    places = [(first + step) % len(SPARE) for step in range(len(SPARE))]
    at = next((place for place in places if place not in taken), first)
    taken.add(at)
    return Look(SPARE[at], HATCHES[at % len(HATCHES)], MARKERS[at % len(MARKERS)],
                DASHES[at % len(DASHES)])
