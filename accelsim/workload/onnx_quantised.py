"""Operators on integer codes, and fused ones, as the plain operators that they stand for.

A reader of plain operators then takes them: a Gemm for a QGemm, with the weights that its codes
stand for. Inputs and outputs of the layer are the numbers that the codes of the model's activations
stand for; what rounds and saturates these is not the layer's, only that codes whose zero point is
their lowest know no negatives, as a ReLU.

Sources: ONNX operator specification; ONNX Runtime, ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from accelsim.workload.onnx_codes import blocks, codes
from accelsim.workload.onnx_folding import STANDARD, Constant
from accelsim.workload.onnx_graphs import NotTaken, Site
from accelsim.workload.onnx_integer import integer
from accelsim.workload.onnx_plain import Plain, as_operator, requantised, sealed

MICROSOFT = "com.microsoft"

def plain(site: Site) -> Plain | None:
    """What a node of codes or a fused one stands for; None for any other, or without weights.

    Raises
    ------
    NotTaken
        If that is not said, or depends on what is computed.
    """
    domain = site.node.domain
    key = (MICROSOFT if domain == MICROSOFT else "" if domain in STANDARD else "?",
           site.node.op_type)
    maker = _MAKERS.get(key)
    if maker is None or not site.node.output:
        return None
    try:
        return maker(site)
    except (IndexError, UnicodeError) as problem:  # a node without inputs, a name that is no text
        raise NotTaken(f"it, or a node beside it, is damaged: {problem}; export the model again"
                       ) from None


def rounds_activations(kind: str) -> bool:
    """Whether an operator works on codes of its activations, which a layer does not."""
    return kind.rpartition(".")[2] in {name for _, name in _MAKERS if "Fused" not in name
                                       and name != "MatMulNBits"}


def _qlinear_matmul(site: Site) -> Plain | None:
    return requantised(_product(site, (0, 3), (1, 4), (2, 5)), site, 7)


def _integer_to_float(site: Site) -> Plain | None:
    """MatMulIntegerToFloat: its inputs are the floats that were quantised, where that is seen."""
    return _product(site, (0, 1), (2, 3), (4, 5), bias=site.constant(6), added=site.given(6))


def _dynamic_matmul(site: Site) -> Plain | None:
    return _product(site, (0, 1), (None, 2), (None, 3), bias=site.constant(4), added=site.given(4))


def _product(
    site: Site, factors: tuple[int, int], scales: tuple[int | None, int],
    zeros: tuple[int | None, int], bias: Constant | None = None, added: str = "",
) -> Plain | None:
    """A product of which one factor is weights, on the right or on the left."""
    right = site.constant(factors[1]) is not None
    if right and site.constant(factors[0]) is not None:
        raise NotTaken("both of its factors are constants, which are not multiplied here")
    side = int(right)
    weights = codes(site, factors[side], scales[side], zeros[side], -1 if right else -2)
    if weights is None:
        return None
    if added and (bias is None or not right):
        raise NotTaken(f"adds {added}, which is computed, not a constant bias")
    data = _numbers_of(site, factors[1 - side], scales[1 - side], zeros[1 - side])
    inputs: list[Constant | str] = [data, weights] if right else [weights, data]
    return Plain(as_operator(site, "Gemm" if added else "MatMul",
                             [*inputs, *([bias] if bias else [])]))


def _qgemm(site: Site) -> Plain | None:
    turned = site.attribute("transB", 0)
    weights = codes(site, 3, 4, 5, -2 if turned else -1)
    if weights is None:
        return None
    n_outputs = weights.shape[-2 if turned else -1]
    # C is added to the sums before alpha and the scales multiply them.
    bias = _sums_bias(site, 6, 1, 4, n_outputs, site.attribute("alpha", 1.0))
    made = Plain(as_operator(site, "Gemm", [site.given(0), weights, *([bias] if bias else [])],
                             ("transA", "transB", "alpha")))
    return requantised(made, site, 8) if site.given(7) else made


def _qlinear_conv(site: Site) -> Plain | None:
    weights = codes(site, 3, 4, 5, 0)
    if weights is None:
        return None
    bias = _sums_bias(site, 8, 1, 4, weights.shape[0])
    inputs: list[Constant | str] = [site.given(0), weights, *([bias] if bias else [])]
    made = Plain(as_operator(site, "Conv", inputs, None))
    return requantised(made, site, 7)


def _sums_bias(site: Site, place: int, data_scale: int, weights_scale: int, n_outputs: int,
               alpha: float = 1.0) -> Constant | None:
    """A bias of 32 bits in units of both scales."""
    if not site.given(place):
        return None
    bias, scale = site.constant(place), site.constant(data_scale)
    if bias is None or scale is None or scale.shape not in ((), (1,)):
        raise NotTaken(f"adds {site.given(place)}, or has a scale of its inputs, that is computed")
    factors = site.constant(weights_scale)
    if bias.shape != (n_outputs,) or factors is None:
        raise NotTaken(f"adds {bias.name} of shape {bias.shape}, which is not one number for each "
                       f"of {n_outputs} outputs")

    def read(values: list[Any]) -> Any:
        sums, data, weights = (np.asarray(v, np.float64).reshape(-1) for v in values)
        return (sums * data * weights * alpha).astype(np.float32)

    return site.scope.folder.derived(bias.name, bias.shape, [bias, scale, factors], read)


def _dynamic_lstm(site: Site) -> Plain | None:
    turned = (0, 2, 1)
    parts = [codes(site, 1, 8, 9, 2, order=turned), codes(site, 2, 10, 11, 2, order=turned)]
    inputs = [part or site.given(place + 1) for place, part in enumerate(parts)]
    if not any(parts):
        return None
    others = map(site.given, range(3, 8))
    return Plain(as_operator(site, "LSTM", [site.given(0), *inputs, *others], None))


def _n_bits(site: Site) -> Plain | None:
    weights = blocks(site)
    if weights is None:
        return None
    if site.given(5) and site.constant(5) is None:
        raise NotTaken(f"adds {site.given(5)}, which is computed, not a constant bias")
    return Plain(as_operator(site, "Gemm" if site.given(5) else "MatMul",
                             [site.given(0), weights, *([site.given(5)] if site.given(5) else [])]))


def _fused(site: Site) -> Plain | None:
    """An operator of ONNX with an activation behind it."""
    activation = site.attribute("activation", b"")
    if site.node.op_type == "FusedConv" and site.given(3):
        raise NotTaken(f"adds {site.given(3)} to its outputs before the activation")
    made = Plain(as_operator(site, site.node.op_type.removeprefix("Fused"),
                             [site.given(k) for k in range(3)], None))
    if not activation:
        return made
    # Any other function stands behind the layer, as an operator of its own would.
    given, relu = str(site.node.output[0]), activation == b"Relu"
    return sealed(made, given if relu else f"{given} before its {activation.decode()}", relu)


def _fused_matmul(site: Site) -> Plain | None:
    if site.attribute("transBatchA", 0) or site.attribute("transBatchB", 0):
        raise NotTaken("it moves axes of stacked matrices (transBatchA, transBatchB)")
    return Plain(as_operator(site, "Gemm", [site.given(0), site.given(1)],
                             ("transA", "transB", "alpha")))


def _numbers_of(site: Site, place: int, scale: int | None, zero: int | None) -> str:
    """The floats that were made into the codes of an input, where the graph shows that, or it."""
    name = site.given(place)
    made = site.scope.writers.get(name)
    if scale is None or zero is None or made is None:
        return name
    if made.op_type == "DynamicQuantizeLinear" and (
            list(made.output) == [name, site.given(scale), site.given(zero)]):
        return str(made.input[0])
    if made.op_type == "QuantizeLinear" and (
            list(made.input[1:]) == [site.given(scale), site.given(zero)]):
        return str(made.input[0])
    return name


_MAKERS: dict[tuple[str, str], Callable[[Site], Plain | None]] = {
    ("", "QLinearMatMul"): _qlinear_matmul, ("", "QLinearConv"): _qlinear_conv,
    ("", "MatMulInteger"): integer, ("", "ConvInteger"): integer,
    (MICROSOFT, "QGemm"): _qgemm, (MICROSOFT, "MatMulIntegerToFloat"): _integer_to_float,
    (MICROSOFT, "DynamicQuantizeMatMul"): _dynamic_matmul,
    (MICROSOFT, "DynamicQuantizeLSTM"): _dynamic_lstm, (MICROSOFT, "MatMulNBits"): _n_bits,
    (MICROSOFT, "FusedGemm"): _fused, (MICROSOFT, "FusedConv"): _fused,
    (MICROSOFT, "FusedMatMul"): _fused_matmul,
}
