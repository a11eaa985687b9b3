"""Nodes with weights that are not layers, and why."""

from __future__ import annotations

import math

from accelsim.workload.entries import Skipped
from accelsim.workload.onnx_folding import STANDARD, Constant
from accelsim.workload.onnx_graphs import Site
from accelsim.workload.onnx_quantised import MICROSOFT
from accelsim.workload.onnx_tensors import numpy_type

_LOOKED_UP = "a table that is looked up, not multiplied"
_CODES = ("a product of integer codes without constant weights; save the model unquantised, or "
          "with DequantizeLinear before a plain operator")
_UNFUSE = "export the model without ONNX Runtime's optimiser"
_ONE_BY_ONE = "combined element by element, no product of a matrix with a vector"
_REASONS = {
    "Gather": _LOOKED_UP, "GatherElements": _LOOKED_UP, "GatherND": _LOOKED_UP,
    "MatMulInteger": _CODES, "QLinearMatMul": _CODES, "ConvInteger": _CODES,
    "QLinearConv": _CODES,
    "Einsum": "an einsum; written as MatMul or Gemm it is read",
    "ConvTranspose": "a transposed convolution",
    "DeformConv": "a convolution whose window moves with its inputs",
    "If": "weights that a branch gives out: which they are is not known before the model is run",
    "RNN": "a plain recurrent cell; LSTM and GRU are read",
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Where", "Max", "Min", "Sum", "PRelu",
                     "BatchNormalization", "LayerNormalization"), _ONE_BY_ONE),
}
_MICROSOFT = {
    **dict.fromkeys(("Attention", "QAttention", "DecoderMaskedSelfAttention", "LongformerAttention",
                     "PackedAttention", "QOrderedAttention"),
                    f"Q, K and V in one operator with what follows; {_UNFUSE}"),
    **dict.fromkeys(("MoE", "QMoE"), "experts, of which the inputs choose some"),
    **dict.fromkeys(("EmbedLayerNormalization", "QEmbedLayerNormalization", "GatherBlockQuantized"),
                    _LOOKED_UP),
    **dict.fromkeys(("QLinearAdd", "QLinearMul", "BiasGelu", "FastGelu", "BiasDropout", "BiasAdd",
                     "SkipLayerNormalization", "BiasSplitGelu"), _ONE_BY_ONE),
    **dict.fromkeys(("MatMulBnb4", "MatMulFpQ4", "QOrderedMatMul", "SparseToDenseMatMul"),
                    "a product of weights in a layout that is not read; dequantise the model, or "
                    "use MatMulNBits"),
    **dict.fromkeys(("NhwcConv", "NhwcFusedConv", "FusedGemm", "FusedConv", "FusedMatMul",
                     "TransposeMatMul", "GemmFastGelu"),
                    f"fused of several operators, of which not all are read; {_UNFUSE}"),
}
_PRODUCTS = ("MatMulInteger", "QLinearMatMul", "ConvInteger", "QLinearConv", "Einsum",
             "ConvTranspose", "DeformConv", "RNN")
IN_A_LOOP = "inside a loop or scan, which runs a number of times that the file does not say"


def skipped(site: Site, reason: str | None = None) -> Skipped | None:
    """A node that holds a matrix, with the reason why it is no layer; None if it holds none."""
    weights = _largest(site, known=reason is not None)
    if weights is None:
        return None
    if reason is None:
        node = site.node
        if node.domain not in STANDARD:
            known = _MICROSOFT.get(node.op_type) if node.domain == MICROSOFT else None
            reason = known or f"an operator of {node.domain}, not of ONNX itself"
        elif site.scope.in_loop:
            reason = IN_A_LOOP
        elif node.op_type not in _REASONS and all(map(site.scope.constant, node.input)):
            reason = (f"{node.op_type} of constants is not computed here; save the model with its "
                      f"constants folded (onnxruntime, ORT_ENABLE_BASIC)")
        else:
            reason = _REASONS.get(node.op_type, f"{node.op_type} is not a product of a matrix with "
                                                f"a vector")
    return Skipped(site.name, site.kind, weights.shape, reason)


def _largest(site: Site, known: bool) -> Constant | None:
    """The largest constant among the inputs that can be weights.

    A row or column may be weights of a product; of an operator that is none, it is a bias or scale.
    """
    node = site.node
    product = known or node.domain not in STANDARD or node.op_type in _PRODUCTS
    fit = [c for c in site.constants() if _may_be_weights(c)
           and (c.matrix_like or (product and len(c.shape) > 1))]
    return max(fit, key=lambda c: math.prod(c.shape), default=None)


def _may_be_weights(constant: Constant) -> bool:
    """Floats, or codes of at most 8 bits; wider integers are indices and shapes."""
    dtype = numpy_type(constant.kind)
    return dtype is not None and dtype.kind != "b" and (
        dtype.kind not in "iu" or dtype.itemsize == 1)
