"""Where layers come from: published tables, seeded synthetic, files of real networks.

======================  ===========================================================================
``load_layer``          a published layer by name, or a layer of an npz, safetensors or ONNX file
``list_layers``         what a file offers; ``file_contents`` with what is skipped and why
``random_layer``        a seeded layer of any shape and density
``load_network``        a network: a graph by name, a .net file, or the layers of a file in sequence
``network_names``       graphs that the package has
``recurrent_contents``  LSTMs and GRUs of a file, ``load_recurrent_folder`` those of a folder
``load_digits``         the MNIST digits to run through it
``load_eie_simulator``  the data folder of the EIE authors' simulator, and ``save_eie_simulator``
======================  ===========================================================================
"""

from accelsim.records.network import Network
from accelsim.workload.cells import recurrent_contents
from accelsim.workload.eie_export import save_eie_simulator
from accelsim.workload.eie_simulator import load_eie_simulator
from accelsim.workload.entries import Contents, LayerEntry, Skipped
from accelsim.workload.files import file_contents, list_layers, load_layer
from accelsim.workload.graph_networks import network_names
from accelsim.workload.networks import load_digits, load_network
from accelsim.workload.published import PublishedLayer, published_layers, synthetic_layer
from accelsim.workload.recurrent_folder import load_recurrent_folder
from accelsim.workload.synthetic import random_layer

__all__ = [
    "Contents",
    "LayerEntry",
    "Network",
    "PublishedLayer",
    "Skipped",
    "file_contents",
    "list_layers",
    "load_digits",
    "load_eie_simulator",
    "load_layer",
    "load_network",
    "load_recurrent_folder",
    "network_names",
    "published_layers",
    "random_layer",
    "recurrent_contents",
    "save_eie_simulator",
    "synthetic_layer",
]
