"""A network that holds codes, as the weights that they stand for."""

from __future__ import annotations

from accelsim.records import CompressedConv, CompressedLayer, Conv2d, Layer
from accelsim.records.network import Network


def holds_codes(network: Network) -> bool:
    """Whether a layer is compressed already."""
    return any(isinstance(layer, CompressedLayer | CompressedConv) for layer in network.layers)


def decoded_network(network: Network) -> Network:
    """The network with each compressed layer's shared weights in their places, to be compressed
    anew; calibration is left out, a layer without codes stays as it is."""
    return network.with_layers(_decoded)


def _decoded(work: object) -> object:
    if isinstance(work, CompressedConv):
        shape = work.geometry
        return Conv2d(work.decoded_weights(), work.decoded_bias(), shape.stride, shape.padding,
                      shape.dilation, shape.groups, relu=work.relu, name=work.name,
                      provenance=work.provenance)
    if isinstance(work, CompressedLayer):
        rows = work.in_layer_order(work.decoded().to_dense().T).T
        bias = work.bias_values
        return Layer(rows[:, : work.n_inputs],
                     bias=None if bias is None else work.in_layer_order(bias), relu=work.relu,
                     name=work.name, provenance=work.provenance)
    return work
