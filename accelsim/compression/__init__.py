"""Dense weights to a `CompressedLayer`: prune, share, encode, count, keep in a file."""

from accelsim.compression.pipeline import compress, compress_network
from accelsim.compression.recipe import Recipe

__all__ = ["Recipe", "compress", "compress_network"]
