"""The Deep Compression table on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelsim.cli.common import table

if TYPE_CHECKING:
    from accelsim.compression.table import CompressionTable


def compression_view(counted: CompressionTable) -> Any:
    """The table as Deep Compression prints it: W bits, I bits and rates, P+Q and P+Q+H."""
    columns = ("layer", "weights", "kept %", "W bits", "W bits H", "I bits", "I bits H",
               "P+Q %", "P+Q+H %", "rate")
    rows = [
        (r.name, r.weights, f"{r.kept_percent:.1f}", f"{r.weight_bits:g}",
         f"{r.mean_weight_bits:.2f}", f"{r.index_bits:g}", f"{r.mean_index_bits:.2f}",
         f"{100 * r.plain_rate:.2f}", f"{100 * r.huffman_rate:.2f}",
         f"{1 / r.huffman_rate:.1f}x")
        for r in (*counted.rows, counted.total)
    ]
    return table("Compression (P pruned, Q shared, H Huffman-coded)", columns, rows)
