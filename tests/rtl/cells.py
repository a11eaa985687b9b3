"""A library of cells that maps everything, in areas that are easy to add up."""

from __future__ import annotations

# ABC crashes when there are only an inverter, a NAND and a NOR.
CELLS = {
    "BUF": ("Y", "A", 3), "INV": ("Y", "!A", 2), "NAND2": ("Y", "!(A B)", 4),
    "NOR2": ("Y", "!(A+B)", 4), "XOR2": ("Y", "(A^B)", 8), "AND2": ("Y", "(A B)", 5),
    "OR2": ("Y", "(A+B)", 5),
}


def liberty() -> str:
    """Liberty text with these gates, and flip-flops without reset, with reset and with set."""
    cells = []
    for name, (out, function, area) in CELLS.items():
        pins = "".join(f"pin({pin}) {{ direction : input; }} " for pin in "AB" if pin in function)
        cells.append(
            f'cell ({name}) {{ area : {area}; {pins}'
            f'pin({out}) {{ direction : output; function : "{function}"; }} }}'
        )
    cells.append(
        'cell (DFFR) { area : 20; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; '
        'clear : "!R"; } pin(C) { direction : input; clock : true; } '
        'pin(D) { direction : input; } pin(R) { direction : input; } '
        'pin(Q) { direction : output; function : "IQ"; } }'
    )
    cells.append(
        'cell (DFFS) { area : 20; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; '
        'preset : "!S"; } pin(C) { direction : input; clock : true; } '
        'pin(D) { direction : input; } pin(S) { direction : input; } '
        'pin(Q) { direction : output; function : "IQ"; } }'
    )
    cells.append(
        'cell (DFF) { area : 16; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; } '
        'pin(C) { direction : input; clock : true; } pin(D) { direction : input; } '
        'pin(Q) { direction : output; function : "IQ"; } }'
    )
    return "library (tiny) {\n" + "\n".join(cells) + "\n}\n"
