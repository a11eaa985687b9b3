"""Every kind of array that a caller may have: read as the numbers that it holds, or refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import accelsim
from accelsim.errors import InputError
from accelsim.network import calibrated, simulate_network
from accelsim.numeric import fixed_point_integers, real_numbers
from accelsim.records import CscMatrix
from accelsim.records.recurrent import RecurrentLayer

DENSE = np.array([[0.5, 0, -2, 0], [0, 1.5, 0, 0], [3, 0, 0, 0.25]])


class Tensor:
    """Like a PyTorch tensor: NumPy asks it for its array."""

    def __init__(self, values: Any, refusal: str = "") -> None:
        self.values, self.refusal = values, refusal

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.refusal:
            raise RuntimeError(self.refusal)
        return np.asarray(self.values, dtype=dtype)


READ = {
    "list": DENSE.tolist(),
    "float16": DENSE.astype(np.float16),
    "big-endian": DENSE.astype(">f4"),
    "bfloat16": DENSE.astype(ml_dtypes.bfloat16),
    "float8": DENSE.astype(ml_dtypes.float8_e4m3fn),
    "long double": DENSE.astype(np.longdouble),
    "not contiguous": np.repeat(np.repeat(DENSE, 2, axis=0), 3, axis=1)[::2, ::3],
    "column order": np.asfortranarray(DENSE),
    "matrix": np.asmatrix(DENSE),
    "no value masked": np.ma.array(DENSE, mask=np.zeros(DENSE.shape, dtype=bool)),
    "frame": pd.DataFrame(DENSE),
    "tensor": Tensor(DENSE),
    "csr": scipy.sparse.csr_array(DENSE),
    "csc": scipy.sparse.csc_matrix(DENSE),
    "coo": scipy.sparse.coo_array(DENSE),
    "dia": scipy.sparse.dia_array(DENSE),
}
REFUSED = {
    "masked": (np.ma.array(DENSE, mask=DENSE < 0), r"1 masked value"),
    "masked rows": ([np.ma.array(row, mask=row < 0) for row in DENSE], r"1 masked value"),
    "complex": (DENSE + 1j, r"complex128; need real numbers"),
    "texts": (DENSE.astype(str), r"<U32; need real numbers"),
    "objects": (np.array([[Decimal(1), None]], dtype=object), r"object; need real numbers"),
    "ragged": ([[1.0, 2.0], [1.0]], r"list that is no array of numbers"),
    "dates": (np.array([["2020"]], dtype="datetime64[Y]"), r"datetime64\[Y\]; need real numbers"),
    "bytes": (np.array([[b"\0\1"]], dtype="V2"), r"without a type of number"),
    "no array": (Tensor(0, "use tensor.detach()"), r"use tensor\.detach\(\).*\.float\(\)"),
}


@pytest.mark.parametrize("kind", READ)
def test_read_for_weights_and_inputs(kind: str) -> None:
    given = READ[kind]
    layer = accelsim.Layer(given, activations=given)
    weights = layer.weights
    dense = weights.to_dense() if isinstance(weights, CscMatrix) else np.asarray(weights)
    assert np.array_equal(dense, DENSE)
    assert np.array_equal(layer.activations, DENSE)
    recurrent = RecurrentLayer("linear", {"Wyx": given})
    assert np.array_equal(recurrent.floats("Wyx"), DENSE)
    # Three vectors through the layer itself: the same results as of plain float64.
    packed = calibrated([accelsim.compress(layer)], DENSE)
    want = [accelsim.simulate("eie", packed[0], row, "functional").outputs for row in DENSE]
    machine = accelsim.load_machine("eie")
    got = [run[0].outputs for run in simulate_network(machine, packed, given, "functional")]
    assert np.array_equal(got, want)


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_everywhere(kind: str) -> None:
    given, text = REFUSED[kind]
    plain = accelsim.compress(accelsim.Layer(DENSE, activations=DENSE))
    linear = RecurrentLayer("linear", {"Wyx": DENSE})
    for attempt in (
        lambda: accelsim.Layer(given),
        lambda: accelsim.Layer(DENSE, activations=given),
        lambda: accelsim.Layer(DENSE, bias=given),
        lambda: RecurrentLayer("linear", {"Wyx": given}),
        lambda: RecurrentLayer("linear", {"Wyx": DENSE}, {"by": given}),
        lambda: accelsim.simulate("eie", plain, given),
        lambda: accelsim.simulate("ese", linear, given),
        lambda: accelsim.simulate("bbs", linear, given),
        lambda: accelsim.simulate("bbs", linear, DENSE, calibration=given),
        lambda: accelsim.simulate("ese", linear, DENSE, calibration=given),
        lambda: simulate_network(accelsim.load_machine("eie"), [plain], given),
        lambda: calibrated([plain], given),
    ):
        with pytest.raises(InputError, match=text) as caught:
            attempt()
        assert "\n" not in str(caught.value)


def test_booleans_and_integers_are_numbers() -> None:
    assert real_numbers("x", DENSE > 0).tolist() == (DENSE > 0).astype(int).tolist()
    layer = accelsim.Layer(DENSE > 0, bias=np.array([1, -128, 3], dtype=np.int8))
    assert np.array_equal(layer.weights, (DENSE > 0).astype(float))
    small = accelsim.Layer(np.array([[-128, 3]], dtype=np.int8))
    for pattern in (None, "unstructured"):
        recipe = accelsim.Recipe(density=0.5, pattern=pattern)
        kept = accelsim.compress(small, recipe).decoded().to_dense()
        assert kept.tolist() == [[-128, 0]]  # |-128| does not fit int8


def test_sparse_duplicates_are_added_and_zeros_left_out() -> None:
    given = scipy.sparse.coo_array(([1.0, 2.0, 0.0, 5.0], ([0, 0, 1, 2], [1, 1, 0, 3])), (3, 4))
    matrix = CscMatrix.from_sparse("w", given)
    assert np.array_equal(matrix.to_dense(), given.toarray())
    assert matrix.nnz == 2
    with pytest.raises(InputError, match="too large to be written out"):
        real_numbers("x", scipy.sparse.csr_array((1 << 20, 1 << 20)))
    with pytest.raises(InputError, match="need"):
        accelsim.Layer(scipy.sparse.coo_array(np.ones(3)))
    for values, text in ((np.float64(1), "shape"), (np.ones((2, 3, 4)), "shape")):
        with pytest.raises(InputError, match=text):
            accelsim.Layer(values)


def test_fixed_point_integers_are_checked() -> None:
    assert fixed_point_integers("x", np.array([-8, 7], ">i2"), 4).tolist() == [-8, 7]
    for values, text in (([8], "4 bits hold -8 to 7"), ([1.0], "float64, but are said")):
        with pytest.raises(InputError, match=text):
            fixed_point_integers("x", values, 4)
    with pytest.raises(InputError, match="18446744073709551615"):
        fixed_point_integers("x", np.array([2**64 - 1], np.uint64), 16)
