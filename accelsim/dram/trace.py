"""Requests as a trace that Ramulator 2 reads: its frontend ``LoadStoreTrace``.

A request is one line, ``LD 0x1f40``: a load and a byte address. Ramulator maps addresses to
channels, rows and banks by its own mapper; ``RoBaRaCoCh`` has rows of banks in our order (D2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO


def write_loads(file: IO[str], addresses: Iterable[int]) -> int:
    """Write a load of each byte address to an open text file; how many there were."""
    count = 0
    for address in addresses:
        file.write(f"LD {address:#x}\n")
        count += 1
    return count
