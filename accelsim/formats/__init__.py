"""How non-zeros are stored in a PE's memories."""

from accelsim.formats.entries import StoredEntries
from accelsim.formats.interleaved_csc import LayerImage, PeImage, build_image

__all__ = ["LayerImage", "PeImage", "StoredEntries", "build_image"]
