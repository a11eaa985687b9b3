"""A node of an ONNX graph as a plain operator that it stands for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accelsim.workload.onnx_folding import Constant
from accelsim.workload.onnx_graphs import Site
from accelsim.workload.onnx_tensors import numpy_type


@dataclass(frozen=True)
class Plain:
    """A node as a plain operator.

    Attributes
    ----------
    relu : whether its outputs know no negatives
    writes : the value of the graph that the operator gives, where something of its own follows the
        sums, so that nothing behind it is the layer's
    """

    site: Site
    relu: bool = False
    writes: str | None = None


def as_operator(site: Site, operator: str, inputs: list[Constant | str],
                attributes: tuple[str, ...] | None = (), output: str = "") -> Site:
    """A plain node in the place of one; constants get names that no file can have.

    Parameters
    ----------
    attributes : those that are kept; None keeps all
    output : the value that it gives, if that is not the node's first
    """
    import onnx

    names = []
    for place, part in enumerate(inputs):
        name = part if isinstance(part, str) else f"{site.name}\0{place}"
        if isinstance(part, Constant):
            site.scope.constants[name] = part
        names.append(name)
    kept = [a for a in site.node.attribute if attributes is None or a.name in attributes]
    node = onnx.NodeProto(op_type=operator, name=site.name, input=names,
                          output=[output or site.node.output[0], *site.node.output[1:]],
                          attribute=kept)
    return replace(site, node=node)


def requantised(made: Plain | None, site: Site, zero: int) -> Plain | None:
    """Sums that the operator itself turns into codes."""
    return None if made is None else sealed(made, str(site.node.output[0]),
                                            no_negatives(site, zero))


def sealed(made: Plain, writes: str, relu: bool) -> Plain:
    """Nothing behind the operator belongs to its sums: they have a name that nothing reads."""
    node = type(made.site.node)()
    node.CopyFrom(made.site.node)
    scope, name = made.site.scope, f"{node.name}\0sums"
    scope.types[name] = scope.types.get(writes)
    node.output[0] = name
    return Plain(replace(made.site, node=node), relu, writes)


def no_negatives(site: Site, place: int) -> bool:
    """Whether the zero point of the outputs is their lowest code."""
    if not site.given(place):
        return False
    zero = site.constant(place)
    if zero is None or int(np.prod(zero.shape)) != 1 or not zero.small:
        return False
    dtype = numpy_type(zero.kind)
    if dtype is None or dtype.kind not in "iu":
        return False
    return int(site.scope.folder.value(zero).reshape(-1)[0]) == np.iinfo(dtype).min
