"""Matrices that a file stores as (inputs, outputs), told by the biases beside them.

GPT-2 of Hugging Face has ``c_attn``, ``c_proj`` and ``c_fc`` of its own class Conv1D, whose weights
are (inputs, outputs); other code has the same names as usual linear layers. A bias says which it is
where a matrix is not square, and then for all of that name in the file, the square ones too.
"""

from __future__ import annotations

import re

from accelsim.workload.array_sets import matrix_shape
from accelsim.workload.arrays import ArrayFile

CONV1D = frozenset({"c_attn", "c_proj", "c_fc", "q_attn"})
"""Last words of names of GPT-2's layers."""


def word_of(name: str) -> str | None:
    """``c_proj`` of ``h.0.mlp.c_proj.weight``; None where that is no such name."""
    found = re.fullmatch(r"(?:.*\.)?([A-Za-z_]\w*)\.weight", name)
    return found.group(1) if found else None


def turned_words(file: ArrayFile) -> frozenset[str]:
    """Last words of layers of which one has a bias that fits its columns and not its rows."""
    found: set[str] = set()
    for name in file.arrays:
        word, bias = word_of(name), file.arrays.get(f"{name.removesuffix('weight')}bias")
        shape = matrix_shape(file, name) if word and bias is not None else None
        if word and bias is not None and shape and shape[0] != shape[1] and (
                bias.shape == (shape[1],)):
            found.add(word)
    return frozenset(found | CONV1D if found & CONV1D else found)
