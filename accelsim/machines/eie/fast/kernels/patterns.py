"""Which vectors broadcast the same columns: they take the same time, whatever their values.

`accelsim.machines.eie.fast.vectors` makes and checks what this kernel is given.
"""

import numpy as np

from accelsim.kernels.jit import kernel, linked


@kernel
def find_patterns(words, addresses, table, first, times):
    """Which vectors have the same activations that are not zero: how many kinds there are.

    ``words`` (pixels, n) uint64 have a bit for each non-zero of a pixel. Kind u is that of vector
    ``first[u]``, and ``times[u]`` vectors are of it. ``table`` is int32 memory, a power of two of
    places, more than vectors.
    """
    table[:] = -1
    kinds, mask = 0, np.uint64(len(table) - 1)
    for vector in range(len(addresses)):
        pixels, mixed = addresses[vector], np.uint64(0)
        for pixel in pixels:
            for word in words[pixel]:
                mixed ^= word  # then Marsaglia's xorshift, by which every bit moves many
                mixed ^= mixed << np.uint64(13)
                mixed ^= mixed >> np.uint64(7)
                mixed ^= mixed << np.uint64(17)
        place = np.int64(mixed & mask)
        while table[place] >= 0 and not _same(words, pixels, addresses[first[table[place]]]):
            place = (place + 1) & np.int64(mask)
        if table[place] < 0:
            table[place] = kinds
            first[kinds] = vector
            times[kinds] = 0
            kinds += 1
        times[table[place]] += 1
    return kinds


@linked
def _same(words, pixels, others):
    for i in range(len(pixels)):
        a, b = words[pixels[i]], words[others[i]]
        for k in range(len(a)):
            if a[k] != b[k]:
                return False
    return True
