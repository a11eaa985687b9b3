"""MatMulInteger and ConvInteger, which say nothing of scales: read with what stands around them.

DynamicQuantizeLinear makes their inputs, a Cast and products by its scale and by constants follow
their sums, as ONNX Runtime's ``quantize_dynamic`` writes it.
"""

from __future__ import annotations

from accelsim.workload.onnx_codes import codes
from accelsim.workload.onnx_folding import STANDARD, Constant
from accelsim.workload.onnx_graphs import NotTaken, Scope, Site
from accelsim.workload.onnx_plain import Plain, as_operator

_MOST_FACTORS = 8
_NO_SCALE = ("a product of integer codes; they are read where DynamicQuantizeLinear makes them and "
             "a Cast and products with its scale follow; save the model unquantised, or with "
             "DequantizeLinear before a plain operator")


def integer(site: Site) -> Plain | None:
    """A MatMulInteger or ConvInteger; None without weights.

    Raises
    ------
    NotTaken
        If what stands around it does not say what its codes stand for.
    """
    scope, conv = site.scope, site.node.op_type == "ConvInteger"
    weights = site.constant(1)
    if weights is None:
        if site.constant(0) is None:
            return None
        raise NotTaken("its matrix of integer codes stands on the left")
    made = scope.writers.get(site.given(0))
    if made is None or made.op_type != "DynamicQuantizeLinear" or (
            [site.given(0), site.given(2)] != list(made.output)[::2]):
        raise NotTaken(_NO_SCALE)
    scales, value = _scales_behind(scope, str(site.node.output[0]), str(made.output[1]))
    axis = 0 if conv else -1
    # Behind a convolution channels are the second axis of the sums; a scale for each says so.
    at = -1 - len(weights.shape[2:]) if conv else -1
    for scale in scales:
        long = {i - len(scale.shape): n for i, n in enumerate(scale.shape) if n != 1}
        if long not in ({}, {at: weights.shape[axis]}):
            raise NotTaken(f"its sums are multiplied by {scale.name} of shape {scale.shape}, which "
                           f"is not one number for each output")
    numbers = codes(site, 1, None, 3, axis, scales)
    if numbers is None:
        return None
    return Plain(as_operator(site, "Conv" if conv else "MatMul", [str(made.input[0]), numbers],
                       None if conv else (), value))


def _scales_behind(scope: Scope, value: str, data_scale: str) -> tuple[list[Constant], str]:
    """Constants that multiply a node's sums beside the scale of its inputs, and the product."""
    node = scope.only_reader(value)
    if node is None or node.op_type != "Cast" or node.domain not in STANDARD:
        raise NotTaken(_NO_SCALE)
    scales: list[Constant] = []
    value, seen = str(node.output[0]), False
    while (node := scope.only_reader(value)) is not None and (
            node.op_type == "Mul" and node.domain in STANDARD):
        left = [name for name in node.input if name != value]
        if len(left) != 1:  # the square of the sums
            raise NotTaken(_NO_SCALE)
        # The product of both scales is made first, or one after the other.
        while left and len(scales) < _MOST_FACTORS:
            name = left.pop()
            constant, writer = scope.constant(name), scope.writers.get(name)
            if constant is not None:
                scales.append(constant)
            elif name == data_scale and not seen:
                seen = True
            elif (writer is not None and writer.op_type == "Mul" and writer.domain in STANDARD
                  and len(left) < _MOST_FACTORS and name not in writer.input):
                left += writer.input
            else:
                raise NotTaken(_NO_SCALE)
        value = str(node.output[0])
        if seen and scales:
            return scales, value
    raise NotTaken(_NO_SCALE)
