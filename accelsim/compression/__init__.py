"""Dense weights to a `CompressedLayer`: prune, share, encode, count, keep in a file."""

from accelsim.compression.entrance import compress
from accelsim.compression.patterns import prune_recurrent
from accelsim.compression.pipeline import compress_network
from accelsim.compression.recipe import Recipe
from accelsim.compression.recurrent import compress_recurrent
from accelsim.compression.store import (
    load_compressed,
    load_compressed_network,
    save_compressed,
)
from accelsim.compression.table import CompressionTable, TableRow, compression_table

__all__ = [
    "CompressionTable", "Recipe", "TableRow", "compress", "compress_network",
    "compress_recurrent", "compression_table", "load_compressed", "load_compressed_network",
    "prune_recurrent", "save_compressed",
]
