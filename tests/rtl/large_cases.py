"""Sizes that the random machines never have: small data on large or odd parameters.

Each is there for the widths and depths that nothing smaller reaches; what they are is in the table
of rtl/README.md.
"""

from __future__ import annotations

from tests.contracts.cases import Case, make_case

_MACHINE = {"capacity": "check", "act_sram_kb": 0.5, "pointer_kb": 2.0, "spmat_kb": 2.0}
_LAYER = {"bias": True, "values": "any", "shift": 14}
# Name: machine, layer.
LARGE = {
    # One level more of LNZD nodes than 64 PEs have; the last one has two children.
    "130 PEs": (
        {"n_pe": 130},
        {"seed": 1, "n_in": 290, "n_out": 270, "weights": 0.05, "active": 0.2},
    ),
    "65 PEs": (
        {"n_pe": 65, "bypass": False},
        {"seed": 2, "n_in": 140, "n_out": 200, "weights": 0.1, "active": 0.3},
    ),
    # Gaps of up to 255 rows and beyond; nine bits of a row, and row 299 is none of a power of two.
    "runs of 255": (
        {"n_pe": 1, "index_bits": 8, "weight_bits": 8, "spmat_width_bits": 48,
         "regfile_depth": 300},
        {"seed": 3, "n_in": 60, "n_out": 300, "weights": 0.01, "active": 0.9},
    ),
    # Batches, tiles and biases with as many rows.
    "tiles of 300 rows": (
        {"n_pe": 1, "index_bits": 8, "regfile_depth": 300, "act_sram_kb": 4.0,
         "pointer_kb": 8.0, "spmat_kb": 8.0},
        {"seed": 4, "n_in": 620, "n_out": 610, "weights": 0.005, "active": 0.2, "bias": "exact"},
    ),
    "a queue of 21": (
        {"n_pe": 2, "act_queue_depth": 21},
        {"seed": 5, "n_in": 90, "n_out": 12, "weights": 0.9, "active": 0.9},
    ),
    "a queue of 100": (
        {"n_pe": 2, "act_queue_depth": 100},
        {"seed": 6, "n_in": 230, "n_out": 10, "weights": 0.9, "active": 1.0},
    ),
    # Three tiles of 5000 pointers, 14,000 lines, 10,000 activations and biases: high address bits.
    "published memories": (
        {"n_pe": 1, "index_bits": 8, "regfile_depth": 1024, "spmat_width_bits": 48,
         "spmat_kb": 96.0, "pointer_kb": 32.0, "act_sram_kb": 32.0},
        {"seed": 7, "n_in": 5000, "n_out": 2500, "weights": 0.003, "active": 0.01,
         "bias": "exact"},
    ),
    # Biases alone, at the end of 16,384 words.
    "biases behind all": (
        {"n_pe": 1, "act_sram_kb": 32.0},
        {"seed": 11, "n_in": 20, "n_out": 30, "weights": 0.4, "active": 0.6, "bias": "exact"},
    ),
    "pointers beyond 16 bits": (
        {"n_pe": 1, "regfile_depth": 256, "pointer_bits": 18, "spmat_kb": 128.0,
         "pointer_kb": 32.0, "act_sram_kb": 2.0},
        {"seed": 8, "n_in": 300, "n_out": 250, "weights": 1.0, "active": 0.1},
    ),
    "a line of 64 entries": (
        {"n_pe": 2, "spmat_width_bits": 512},
        {"seed": 9, "n_in": 60, "n_out": 70, "weights": 0.4, "active": 0.5},
    ),
    "600 passes": (
        {"n_pe": 1, "regfile_depth": 2, "pointer_kb": 4.0},
        {"seed": 10, "n_in": 60, "n_out": 40, "weights": 0.3, "active": 0.3},
    ),
}


def large_case(name: str) -> Case:
    """One of them."""
    machine, layer = LARGE[name]
    return make_case(**{**_LAYER, **layer}, overrides={**_MACHINE, **machine})
