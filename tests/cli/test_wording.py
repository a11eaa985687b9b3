"""Remedies on the command line are options, not Python."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import accelsim
from accelsim.cli.wording import as_options
from accelsim.errors import InputError


@pytest.mark.parametrize(("python", "shell"), [
    ("take lowering='im2col'", "take --lowering im2col"),
    ("use capacity='check' or --engine fast", "use --set capacity=check or --engine fast"),
    ("bias='accumulator' does so, bias='column' not",
     "compress --bias accumulator does so, compress --bias column not"),
    ("name them in order (-l, names=): a", "name them in order (-l): a"),
    ("compress with Recipe(winograd='before')", "compress with Recipe(winograd='before')"),
    ("more than pointer_bits=16 address", "more than pointer_bits=16 address"),
    ("no engine 'fst'", "no engine 'fst'"),
])
def test_what_python_says(python: str, shell: str) -> None:
    assert as_options(python) == shell


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_inputs_that_are_not_finite(value: float) -> None:
    packed = accelsim.compress(accelsim.load_layer("random:8x6:density=0.5"))
    with pytest.raises(InputError, match=r"density=0\.5: inputs hold NaN or infinity"):
        accelsim.simulate("eie", packed, np.array([1, 2, 3, 4, 5, value]))


def test_a_row_of_scipy_is_a_vector() -> None:
    """A sparse matrix has no vectors but rows; several are run one after the other."""
    packed = accelsim.compress(accelsim.load_layer("random:8x6:density=0.5"))
    vector = np.array([0, 2, 0, 4, 0, 1.5])
    found = accelsim.simulate("eie", packed, scipy.sparse.csr_matrix(vector), engine="functional")
    wanted = accelsim.simulate("eie", packed, vector, engine="functional")
    assert np.array_equal(found.outputs, wanted.outputs)
    two = accelsim.simulate(
        "eie", packed, scipy.sparse.csr_matrix([vector, vector / 2]), engine="functional")
    assert np.array_equal(two.outputs[0], wanted.outputs)
    with pytest.raises(InputError, match=r"of shape \(2, 5\)|have shape \(2, 5\)|2 x 5|need"):
        accelsim.simulate("eie", packed, scipy.sparse.csr_matrix([vector[:5], vector[:5]]))
