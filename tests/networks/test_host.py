"""Host operations, judged by onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from accelsim.errors import InputError
from accelsim.records.host import GlobalPool, HostOperation, Pool
from accelsim.records.host_elementwise import (
    Affine,
    Combine,
    Concat,
    Flatten,
    Function,
    Relu,
    Upsample,
)


def judged(kind: str, operands: list[np.ndarray], n_constants: int = 0, **attributes: Any
           ) -> np.ndarray:
    """What onnxruntime makes of one node; the last ``n_constants`` operands are constants."""
    names = [f"x{i}" for i in range(len(operands))]
    free = names[: len(names) - n_constants]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, names, ["y"], **attributes)], "g",
        [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, operands[i].shape)
         for i, n in enumerate(free)],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(operands[i], n) for i, n in enumerate(names)
         if n not in free])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 19)],
                                   ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, dict(zip(free, operands, strict=False)))[0]


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def agree(ours: HostOperation, operands: list[np.ndarray], theirs: np.ndarray) -> None:
    result = ours.run([o.astype(np.float64) for o in operands])
    assert result.shape == theirs.shape
    assert result.shape[1:] == ours.output_shape([o.shape[1:] for o in operands])
    np.testing.assert_allclose(result, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("how", ["max", "average"])
def test_pools(how: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel = tuple(int(n) for n in rng.integers(1, 4, 2))
    stride = tuple(int(n) for n in rng.integers(1, 4, 2))
    pads = [int(n) for n in rng.integers(0, 2, 4) * (np.array(kernel * 2) > 1)]
    size = [int(n) for n in rng.integers(3, 9, 2)]
    ceil, counted = bool(rng.integers(2)), bool(rng.integers(2)) and how == "average"
    x = drawn(2, 3, *size, seed=seed)
    pool = Pool(how, kernel, stride, ((pads[0], pads[2]), (pads[1], pads[3])), ceil, counted)
    kinds = {"count_include_pad": int(counted)} if how == "average" else {}
    theirs = judged({"max": "MaxPool", "average": "AveragePool"}[how], [x], kernel_shape=kernel,
                    strides=stride, pads=pads, ceil_mode=int(ceil), **kinds)
    agree(pool, [x], theirs)


@pytest.mark.parametrize(("ours", "kind", "attributes"), [
    (GlobalPool("max"), "GlobalMaxPool", {}),
    (GlobalPool("average"), "GlobalAveragePool", {}),
    (Function("sigmoid"), "Sigmoid", {}),
    (Function("tanh"), "Tanh", {}),
    (Function("softmax"), "Softmax", {"axis": 1}),
    (Function("hard_swish"), "HardSwish", {}),
    (Function("hard_sigmoid"), "HardSigmoid", {"alpha": 1 / 6}),
    (Relu(), "Relu", {}),
    (Relu(slope=0.1), "LeakyRelu", {"alpha": 0.1}),
    (Flatten(), "Flatten", {}),
])
def test_of_one_operand(ours: HostOperation, kind: str, attributes: dict[str, Any]) -> None:
    x = 4 * drawn(2, 3, 4, 5)
    agree(ours, [x], judged(kind, [x], **attributes))


def test_clipped_relu() -> None:
    x = 10 * drawn(2, 3, 4, 5)
    limits = [np.array(0, np.float32), np.array(6, np.float32)]
    agree(Relu(6.0), [x], judged("Clip", [x, *limits], n_constants=2))


def test_upsampling_repeats() -> None:
    x = drawn(2, 3, 4, 5)
    scales = np.array([1, 1, 2, 3], np.float32)
    nothing = np.zeros(0, np.float32)
    theirs = judged("Resize", [x, nothing, scales], n_constants=2, mode="nearest",
                    coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    agree(Upsample((2, 3)), [x], theirs)


def test_of_two_operands() -> None:
    a, b, narrow = drawn(2, 3, 4, 5), drawn(2, 3, 4, 5, seed=1), drawn(2, 3, 1, 1, seed=2)
    agree(Combine("add"), [a, b], judged("Add", [a, b]))
    agree(Combine("multiply"), [a, narrow], judged("Mul", [a, narrow]))
    agree(Concat(), [a, b, a], judged("Concat", [a, b, a], axis=1))


def test_batch_normalisation_as_scale_and_shift() -> None:
    x, (scale, shift) = drawn(2, 3, 4, 5), drawn(2, 3, seed=1)
    mean, variance = drawn(3, seed=2), drawn(3, seed=3) ** 2
    theirs = judged("BatchNormalization", [x, scale, shift, mean, variance], n_constants=4)
    own = scale / np.sqrt(variance + np.float32(1e-5))
    agree(Affine(own, shift - mean * own), [x], theirs)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="smaller than the window"):
        Pool("max", (5, 5), (1, 1)).output_shape([(3, 4, 4)])
    with pytest.raises(InputError, match="do not fit"):
        Combine("add").output_shape([(3, 4, 4), (2, 4, 4)])
    with pytest.raises(InputError, match="do not fit"):
        Concat().output_shape([(3, 4, 4), (3, 4, 5)])
    with pytest.raises(InputError, match="no host function 'gelu'"):
        Function("gelu")


def test_work_is_counted() -> None:
    assert Pool("max", (3, 3), (2, 2)).operations([(8, 7, 7)]) == 8 * 9 * 9
    assert GlobalPool("average").operations([(10, 6, 6)]) == 360
    assert Combine("add").operations([(8, 7, 7)] * 3) == 2 * 8 * 49
    assert Concat().operations([(8, 7, 7)] * 2) == 0
