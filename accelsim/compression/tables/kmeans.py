"""Shared weights by k-means (Han et al., Deep Compression, ICLR 2016, sec. 3); see
`accelsim.compression.share`."""

from __future__ import annotations

from accelsim.compression.share import share
from accelsim.compression.tables.record import CodeTable

TABLE = CodeTable(
    fit=share,
    n_codes=lambda weight_bits: (1 << weight_bits) - 1,
    source="Deep Compression, ICLR 2016, sec. 3",
    of_recipe=("init", "seed", "max_iterations"),
    takes_bias=True,
)
