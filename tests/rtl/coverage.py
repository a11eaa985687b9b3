"""Functional coverage of RTL traces: which of the stated situations a set of runs has met."""

from __future__ import annotations

import numpy as np

from accelsim.fixedpoint import bounds
from tests.rtl import cross_coverage


class Coverage:
    """A table of bins; every bin is stated before the first run, so that none can be forgotten."""

    def __init__(self, depth, per_line):
        self._depth, self._per_line = depth, per_line
        names = [
            *(f"act_queue holds {n}" for n in range(depth + 1)),
            "act_queue: push into an empty queue", "act_queue: push and pop in one cycle",
            "act_queue: pop of a full queue",
            "arith_unit: distance 1, forwarded", "arith_unit: distance 2, forwarded",
            "arith_unit: distance 1 and 2 at once, forwarded",
            "arith_unit: distance 1, waits 2 cycles", "arith_unit: distance 2, waits 1 cycle",
            "arith_unit: saturates high", "arith_unit: saturates low",
            "arith_unit: one padding entry", "arith_unit: two padding entries in a row",
            "arith_unit: three padding entries in a row",
            "spmat_read: empty column", "spmat_read: two empty columns in a row",
            "spmat_read: empty column while stage 1 waits",
            "spmat_read: line register serves the next column",
            *(f"spmat_read: column crosses a line from offset {n}" for n in range(per_line)),
            "act_rw: files swap", "act_rw: accumulators kept", "act_rw: load", "act_rw: store",
            "act_rw: biases loaded", "act_rw: biases loaded right behind activations",
            "scan: row without a non-zero", "scan: broadcast at the last position",
            "scan: blocked by a full queue", "scan: bias row", *cross_coverage.names(),
        ]
        self.hits = dict.fromkeys(names, 0)

    def add(self, config, got):
        """Count the bins that the RTL's own trace of one layer meets."""
        for name in ("row_change", "blocked", "load", "store", "swap"):
            self._hit({"row_change": "scan: row without a non-zero", "load": "act_rw: load",
                       "blocked": "scan: blocked by a full queue", "store": "act_rw: store",
                       "swap": "act_rw: files swap"}[name], got[name])
        self._hit("act_rw: biases loaded", got["bias_load"])
        # A cycle between them: the last activation arrives.
        self._hit("act_rw: biases loaded right behind activations",
                  (got["load"][:-2] == 1) & (got["load"][1:-1] == 0) & (got["bias_load"][2:] == 1))
        self._hit("act_rw: accumulators kept", (got["start"] == 1) & (got["clear"] == 0))
        self._hit("scan: broadcast at the last position",
                  (got["broadcast"] == 1) & (got["lnzd_tree.found"] == 1)
                  & (got["lnzd_tree.index"] == config.n_pe - 1))
        self._hit("scan: bias row", (got["broadcast"] == 1) & (got["looks"] == 0))
        cross_coverage.add(self.hits, config, got)
        for pe in range(config.n_pe):
            self._pe(config, got["broadcast"],
                     {name: values[:, pe] for name, values in got.items() if values.ndim == 2})

    def report(self):
        """One line a bin, and the share that was hit."""
        share = sum(n > 0 for n in self.hits.values()) / len(self.hits)
        lines = [f"{n:8d}  {name}" for name, n in self.hits.items()]
        return "\n".join([*lines, f"{100 * share:7.1f}%  of {len(self.hits)} bins hit"])

    @property
    def missed(self):
        """Bins without a hit."""
        return [name for name, n in self.hits.items() if not n]

    def _hit(self, name, where):
        self.hits[name] += int(np.count_nonzero(where))

    def _pe(self, config, push, got):
        count, pop = got["act_queue.count"], got["ptr_read.pop"]
        for n in range(self._depth + 1):
            self._hit(f"act_queue holds {n}", count == n)
        self._hit("act_queue: push into an empty queue", (push == 1) & (count == 0))
        self._hit("act_queue: push and pop in one cycle", (push == 1) & (pop == 1))
        self._hit("act_queue: pop of a full queue", (pop == 1) & (count == self._depth))
        self._arithmetic(config, got)
        empty, wait = got["spmat_read.empty"], got["arith_unit.wait"]
        self._hit("spmat_read: empty column", empty)
        self._hit("spmat_read: two empty columns in a row", empty[1:] & empty[:-1])
        self._hit("spmat_read: empty column while stage 1 waits", empty & wait)
        self._lines(got)

    def _arithmetic(self, config, got):
        near, far = got["arith_unit.adder_bypass"], got["arith_unit.write_bypass"]
        self._hit("arith_unit: distance 1, forwarded", near)
        self._hit("arith_unit: distance 2, forwarded", far)
        fourth = (got["arith_unit.write"] == 1) & (
            got["arith_unit.write_row"] == got["arith_unit.read_row"]
        )
        self._hit("arith_unit: distance 1 and 2 at once, forwarded", fourth & (near == 1))
        for length, name in ((1, "distance 2, waits 1 cycle"), (2, "distance 1, waits 2 cycles")):
            self.hits[f"arith_unit: {name}"] += runs(got["arith_unit.wait"]).count(length)
        saturates = np.flatnonzero(got["arith_unit.saturation"])
        written = got["arith_unit.write_value"][saturates + 1]
        low, high = bounds(config.accumulator_bits)
        self._hit("arith_unit: saturates high", written == high)
        self._hit("arith_unit: saturates low", written == low % (1 << config.accumulator_bits))
        lengths = runs(got["arith_unit.padding"])
        for length, name in ((1, "one padding entry"), (2, "two padding entries in a row"),
                             (3, "three padding entries in a row")):
            self.hits[f"arith_unit: {name}"] += sum(n >= length for n in lengths)

    def _lines(self, got):
        """Columns: where they begin, and whether they take another line on their way."""
        begin = end = 0
        first = False
        arrives = False
        for t in range(len(got["ptr_read.pop"])):
            if arrives:
                begin, end, first = got["ptr_read.begin"][t], got["ptr_read.end"][t], True
            if got["spmat_read.issue"][t]:
                if first and not got["spmat_read.line_read"][t]:
                    self.hits["spmat_read: line register serves the next column"] += 1
                elif not first and got["spmat_read.line_read"][t] and begin < end:
                    offset = begin % self._per_line
                    self.hits[f"spmat_read: column crosses a line from offset {offset}"] += 1
                first = False
            arrives = bool(got["ptr_read.pop"][t])


def runs(flags):
    """Lengths of the runs of ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags, [0]])))
    return (edges[1::2] - edges[::2]).tolist()
