"""How long passes wait for their refills. Style and types as in `kernels.time`."""

import numpy as np

from accelsim.kernels.jit import kernel


@kernel
def count_waits(cycles, fetches, behind, start_cycles, overlaps):
    """Cycles in which the passes wait for their refills (M8): ``cycles`` of each refill, and those
    ``behind`` each pass's refill phase."""
    waited, hidden = np.int64(0), np.int64(0)
    for i in range(len(cycles)):
        waited += max(0, cycles[i] - hidden)
        before = np.int64(0) if fetches[i] else hidden
        hidden = before + behind[i] + start_cycles if overlaps else np.int64(0)
    return waited
