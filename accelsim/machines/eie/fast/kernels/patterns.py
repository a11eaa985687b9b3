"""Which vectors broadcast the same columns: they take the same time, whatever their values.

`accelsim.machines.eie.fast.vectors` makes and checks what these kernels are given.
"""

import numpy as np

from accelsim.kernels.jit import kernel, linked

_ODD = np.uint64(0x9E3779B1)  # 2**32 over the golden ratio, as Fibonacci hashing has it
_HALF = np.uint64(0xFFFFFFFF)
at = np.uint64


@kernel
def find_patterns(words, addresses, kinds, table, first, times):
    """Which vectors have the same activations that are not zero: how many kinds there are.

    ``words`` (pixels, n) uint64 have a bit for each non-zero of a pixel. Kind u is that of vector
    ``first[u]``, and ``times[u]`` vectors are of it. ``kinds`` (pixels,) uint64 and ``table`` are
    memory, the latter a power of two of places, more than pixels or vectors.
    """
    table[:] = -1
    if words.shape[1] == 1:
        kinds[:] = words[:, 0]
        return _find_kinds(kinds, addresses, table, first, times)
    for pixel in range(len(words)):
        place = _place(words[pixel], len(table))
        while table[place] >= 0 and not _same(words[pixel], words[table[place]]):
            place = (place + 1) & (len(table) - 1)
        if table[place] < 0:
            table[place] = pixel
        kinds[pixel] = table[place]
    table[:] = -1
    return _find_kinds(kinds, addresses, table, first, times)


@linked
def _find_kinds(kinds, addresses, table, first, times):
    """As `find_patterns`, of pixels that are alike where their ``kinds`` are equal."""
    n_positions = addresses.shape[1]
    factors, factor = np.empty(n_positions, np.uint64), _ODD
    for i in range(n_positions):
        factor ^= factor << np.uint64(13)
        factor ^= factor >> np.uint64(7)
        factor ^= factor << np.uint64(17)
        factors[i] = factor & _HALF | at(1)
    found = 0
    for vector in range(len(addresses)):
        pixels, mixed = addresses[vector], _ODD
        for i in range(n_positions):  # no product waits for the one before, or is beyond 64 bits
            kind = kinds[at(pixels[at(i)])]
            mixed ^= ((kind ^ kind >> at(32)) & _HALF) * factors[at(i)]
        place = _folded(mixed, len(table))
        while table[place] >= 0 and not _alike(kinds, pixels, addresses[first[table[place]]]):
            place = (place + 1) & (len(table) - 1)
        if table[place] < 0:
            table[place] = found
            first[found] = vector
            times[found] = 0
            found += 1
        times[table[place]] += 1
    return found


@linked
def _folded(mixed, places):
    """A place among so many, a power of two, by Marsaglia's xorshift: every bit moves many."""
    mixed ^= mixed << np.uint64(13)
    mixed ^= mixed >> np.uint64(7)
    mixed ^= mixed << np.uint64(17)
    return np.int64(mixed >> np.uint64(33)) & (places - 1)


@linked
def _place(words, places):
    mixed = np.uint64(0)
    for word in words:
        mixed = (mixed << np.uint64(5) ^ mixed >> np.uint64(59)) ^ word
    return _folded(mixed ^ mixed >> np.uint64(29), places)


@linked
def _same(a, b):
    differ = np.uint64(0)
    for i in range(len(a)):
        differ |= a[i] ^ b[i]
    return differ == 0


@linked
def _alike(kinds, a, b):
    differ = at(0)
    for i in range(len(a)):
        differ |= kinds[at(a[at(i)])] ^ kinds[at(b[at(i)])]
    return differ == 0
