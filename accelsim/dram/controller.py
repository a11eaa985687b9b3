"""The memory controller and its banks, clock by clock: the reference telling of README.md."""

from __future__ import annotations

from accelsim.dram.part import DramPart
from accelsim.dram.requests import Reading, Requests


class DramController:
    """Reads one list of bursts.

    State: when each bank may be activated again (None while its row is open); the last four
    activates and the last read. ``clock()`` is one clock: commands are decided by the state at its
    start. ``done`` once the last data have come; ``ends`` has when those of each burst do.
    """

    def __init__(self, part: DramPart, requests: Requests) -> None:
        self._part = part
        self._visits = list(requests.visits(part))
        self._activates: list[int] = []
        self._read = 0           # visits whose bursts have all been read
        self._left = self._visits[0][1] if self._visits else 0
        self._last_read: int | None = None
        self._free: list[int | None] = [0] * part.banks
        self._due = part.refi_clocks
        self._since_refresh = 0  # clock from which on rows may be opened
        self.now = 0
        self.refreshes = 0
        self.ends: list[int] = []

    @property
    def done(self) -> bool:
        """Whether all data have come."""
        if self._read < len(self._visits):
            return False
        part = self._part
        return (self._last_read is None
                or self.now >= self._last_read + part.cl_clocks + part.data_clocks)

    @property
    def reading(self) -> Reading:
        """What it took, once done."""
        return Reading(self.now, len(self._activates), self.refreshes)

    def run(self) -> Reading:
        """To the last data."""
        while not self.done:
            self.clock()
        return self.reading

    def clock(self) -> None:
        """One clock: a row is opened or all are refreshed, and a burst is read."""
        opens, refreshes, reads = self._opens(), self._refreshes(), self._reads()
        if reads:
            self._take_burst()
        if opens:
            bank = self._visits[len(self._activates)][0] % self._part.banks
            self._activates.append(self.now)
            self._free[bank] = None
        if refreshes:
            ready = self.now + self._part.rfc_clocks
            self._free = [ready] * self._part.banks
            self._due += self._part.refi_clocks
            self.refreshes += 1
        self.now += 1

    def _could_open(self) -> bool:
        """Whether the next row's times have passed, refreshes aside (D4)."""
        activates, part = self._activates, self._part
        if len(activates) == len(self._visits):
            return False
        free = self._free[self._visits[len(activates)][0] % part.banks]
        if free is None or self.now < free:
            return False
        if activates and self.now < activates[-1] + part.rrd_clocks:
            return False
        return len(activates) < 4 or self.now >= activates[-4] + part.faw_clocks

    def _opens(self) -> bool:
        return self._could_open() and self.now < self._due

    def _refreshes(self) -> bool:
        """D6: a refresh is due, rows are still to be opened, and all banks are closed."""
        if self.now < self._due or len(self._activates) == len(self._visits):
            return False
        return all(free is not None and free <= self.now for free in self._free)

    def _reads(self) -> bool:
        """Whether the next burst is read now (D5)."""
        part = self._part
        if self._read == len(self._visits) or self._read >= len(self._activates):
            return False
        if self.now < self._activates[self._read] + part.rcd_clocks:
            return False
        return self._last_read is None or self.now >= self._last_read + part.ccd_clocks

    def _take_burst(self) -> None:
        part = self._part
        self._last_read = self.now
        self.ends.append(self.now + part.cl_clocks + part.data_clocks)
        self._left -= 1
        if self._left:
            return
        # The row's last burst: it is closed as soon as it may be.
        bank = self._visits[self._read][0] % part.banks
        closes = max(self._activates[self._read] + part.ras_clocks, self.now + part.rtp_clocks)
        self._free[bank] = closes + part.rp_clocks
        self._read += 1
        if self._read < len(self._visits):
            self._left = self._visits[self._read][1]
