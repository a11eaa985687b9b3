"""From whatever the user names to work that can run, and to the list of what can be named there."""

from accelsim.sources.cells import means_cells
from accelsim.sources.inputs import load_inputs
from accelsim.sources.listings import Listed, ListedCell, Listing, listing, published, skipped_of
from accelsim.sources.network_listings import ListedNode, NetworkListing, network_listing
from accelsim.sources.networks import (
    load_network,
    names_network,
    network_inputs,
    open_network,
)
from accelsim.sources.sequences import drawn_sequence, load_sequence
from accelsim.sources.ways import Reach, reach
from accelsim.sources.works import (
    Source,
    as_layers,
    is_store,
    open_source,
    open_work,
)

__all__ = [
    "Listed", "ListedCell", "ListedNode", "Listing", "NetworkListing", "Reach", "Source",
    "as_layers", "drawn_sequence", "is_store", "listing", "load_inputs", "load_network",
    "load_sequence", "means_cells", "names_network", "network_inputs", "network_listing",
    "open_network", "open_source", "open_work", "published", "reach", "skipped_of",
]
