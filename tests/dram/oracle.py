"""The rules of accelsim/dram/README.md, each as a sentence about all commands before it.

No state is kept but the list of commands; every time is a maximum over that list.
"""


def read_bursts(part, channels, bursts):
    """(clocks, rows opened, refreshes) of reading bursts in order, by their numbers."""
    ends, rows, refreshes = commands(part, bursts)
    return max([0, *ends]), rows, refreshes


def commands(part, bursts):
    """When the data of each burst are there, rows opened, refreshes."""
    ends = []
    visits = []                                          # D3
    for burst in bursts:
        # Channels lengthen a burst and a row alike.
        row = burst // (part.row_bytes * 8 // (part.bus_bits * part.burst_length))
        if visits and visits[-1][0] == row:
            visits[-1][1] += 1
        else:
            visits.append([row, 1])
    done = []                                            # (bank, activate, last read, closed)
    refreshed = []                                       # when refreshes were over
    for row, count in visits:
        bank = row % part.banks
        start = max(                                     # D4
            [0, *(closed for b, _, _, closed in done if b == bank)]
            + [activate + part.rrd_clocks for _, activate, _, _ in done[-1:]]
            + [activate + part.faw_clocks for _, activate, _, _ in done[:-3][-1:]]
            + refreshed[-1:])
        while start >= part.refi_clocks * (len(refreshed) + 1):   # D6
            due = part.refi_clocks * (len(refreshed) + 1)
            idle = max([due, *(closed for *_, closed in done), *refreshed[-1:]])
            refreshed.append(idle + part.rfc_clocks)
            start = max(start, refreshed[-1])
        reads = []                                       # D5
        for _ in range(count):
            before = reads[-1:] or [read for _, _, read, _ in done[-1:]]
            reads.append(max([start + part.rcd_clocks, *(r + part.ccd_clocks for r in before)]))
        ends += [read + part.cl_clocks + part.burst_length // 2 for read in reads]   # D7
        closes = max(start + part.ras_clocks, reads[-1] + part.rtp_clocks)
        done.append((bank, start, reads[-1], closes + part.rp_clocks))
    return ends, len(done), len(refreshed)
