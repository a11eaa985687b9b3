"""Kernels of the fast ESE engine; `accelsim.machines.ese.fast` checks what they are given."""

import numpy as np

from accelsim.kernels.jit import kernel


@kernel
def spmv_time(counts, ready, first, depth, issue, pop, blocking, occupancy_sum, occupancy_max):
    """Time of one multiplication (contract Q1 to Q4, F1).

    counts : (K, P) entries; ready : (K,) last cycle before column k may be broadcast
    first : first compute cycle; depth : entries of a queue
    issue (K,), pop (K, P) : written, cycles; K rows at least
    blocking, occupancy_sum, occupancy_max (P,) : added to, cycles and entries
    All arrays are int64, counts of any integer type.

    Returns compute, fetch-wait and blocked cycles.

    issue[k]  = max(issue[k-1] + 1, ready[k] + 1, max over p of pop[k-depth, p] + 1)
    pop[k, p] = max(issue[k] + 1, pop[k-1, p] + work[k-1, p])
    """
    n_columns, n_pe = counts.shape
    free = np.full(n_pe, first + 1)
    last = first - 1
    waited = 0
    blocked = 0
    for k in range(n_columns):
        arrived = max(last + 1, ready[k] + 1)
        waited += arrived - (last + 1)
        now = arrived
        if k >= depth:
            for p in range(n_pe):
                now = max(now, pop[k - depth, p] + 1)
            if now > arrived:
                blocked += now - arrived
                for p in range(n_pe):
                    full = min(now - 1, pop[k - depth, p]) - arrived + 1
                    if full > 0:
                        blocking[p] += full
        issue[k] = now
        last = now
        for p in range(n_pe):
            at = max(now + 1, free[p])
            pop[k, p] = at
            free[p] = at + max(counts[k, p], 1)
            occupancy_sum[p] += at - now
    end = last
    for p in range(n_pe):
        end = max(end, free[p])
        j = 0
        for k in range(n_columns):
            while pop[j, p] < issue[k] + 1:
                j += 1
            occupancy_max[p] = max(occupancy_max[p], k + 1 - j)
    return end - first + 1, waited, blocked


@kernel
def spmv_values(starts, rows, weights, activations, half, shift, low, high, sums, saturations):
    """Saturating sums of all columns in order, every channel at once (`accelsim.fixedpoint`).

    starts (K + 1,), rows (n,), weights (n,) : columns of the matrix
    activations : (K, C); sums : (R, C) zeros, written; saturations : (R,), added to
    All values are of one integer type in which no product or sum overflows.
    """
    n_channels = sums.shape[1]
    for k in range(len(starts) - 1):
        inputs = activations[k]
        for e in range(starts[k], starts[k + 1]):
            weight = weights[e]
            row = sums[rows[e]]
            changed = 0
            for c in range(n_channels):
                total = row[c] + ((weight * inputs[c] + half) >> shift)
                clipped = min(max(total, low), high)
                changed += clipped != total
                row[c] = clipped
            saturations[rows[e]] += changed
