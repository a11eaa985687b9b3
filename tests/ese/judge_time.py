"""ESE's time once more, from its contract (machines/ese/README.md) alone: one loop over cycles.

Nothing of accelsim is imported. Rules are named where they are carried out.
"""

from tests.ese.judge_ddr import Ddr

DRAIN = 4  # Q5


def up(a, b):
    return -(-a // b)


def slots_of(layer):
    """S1: (state, matrix, element-wise operations by unit) of one time step."""
    if layer.kind == "lstm":
        peephole = ["elem_mul"] if layer.peepholes else []
        rows = [(1, "Wix", []), (1, "Wfx", []), (1, "Wcx", peephole),
                (2, "Wir", peephole), (2, "Wfr", ["adder_tree"]), (2, "Wcr", ["adder_tree"]),
                (3, "Wox", ["adder_tree"]), (4, "Wor", ["adder_tree"])]
        rows += [(4, None, peephole)] if peephole else []
        rows += [(4, None, ["adder_tree"]), (5, None, ["adder_tree"]), (5, None, ["elem_mul"])]
        return rows + ([(6, "Wym", [])] if "Wym" in layer.matrices else [])
    if layer.kind == "gru":
        rows = [(1, "Wrx", []), (1, "Wzx", []), (1, "Wnx", []), (2, "Wrr", []),
                (2, "Wzr", ["adder_tree"])]
        if layer.reset_after:
            rows += [(2, "Wnr", ["adder_tree"]), (3, None, ["elem_mul"])]
        else:
            rows += [(3, None, ["elem_mul", "adder_tree"]), (3, "Wnr", [])]
        return [*rows, (4, None, ["adder_tree"]), (4, None, ["elem_mul"])]
    return [(1, "Wyx", [])] + ([(2, None, ["adder_tree"])] if layer.biases else [])


def vectors_of(layer):
    """S4: vectors in the order in which they are fetched, one a slot."""
    order = {"lstm": ["bi", "Wic", "Wfc", "bf", "bc", "bo", "Woc"],
             "gru": ["br", "bz", "bn", "bnr"], "linear": ["by"]}[layer.kind]
    return [name for name in order if name in {*layer.biases, *layer.peepholes}]


class Stream:
    """F3 and the weight format: entries of each PE, column by column, and where columns end."""

    def __init__(self, config, rows):
        self.n_rows, self.n_columns = len(rows), len(rows[0])
        self.entries, self.padding, self.last_word = [], [], []
        position, longest = 0, 2 ** config.index_bits - 1
        for column in range(self.n_columns):
            entries, padding = [0] * config.n_pe, [0] * config.n_pe
            for pe in range(config.n_pe):
                zeros = 0
                for row in range(pe, self.n_rows, config.n_pe):
                    if not rows[row][column]:
                        zeros += 1
                        continue
                    while zeros > longest:
                        entries[pe], padding[pe], zeros = (
                            entries[pe] + 1, padding[pe] + 1, zeros - longest - 1)
                    entries[pe], zeros = entries[pe] + 1, 0
            position += sum(entries) * (config.weight_bits + config.index_bits)
            position = up(position, config.column_align_bits) * config.column_align_bits
            self.entries.append(entries)
            self.padding.append(padding)
            self.last_word.append(up(position, config.ddr_word_bits) - 1)
        self.n_words = self.last_word[-1] + 1


class Time:
    """One utterance: ``slots`` (step, name, matrix, cycles), ``total`` and ``pe`` counters."""

    def __init__(self, config, layer, weights, n_steps, n_channels):
        self.config, self.layer, self.n_channels = config, layer, n_channels
        first = next(iter(layer.matrices))
        self.n_cells, self.n_inputs = len(layer.matrices[first]), len(layer.matrices[first][0])
        self.n_outputs = len(layer.matrices["Wym"]) if "Wym" in layer.matrices else self.n_cells
        self.streams = {name: Stream(config, rows) for name, rows in weights.items()}
        self.ddr_1, self.ddr_2 = Ddr(config), Ddr(config)
        self.total, self.pe, self.slots = {}, {}, []
        self.arrival = {}
        self.pointers_at = -1
        self.collecting = 0
        self.now = 0
        self.utterance(n_steps)

    def count(self, name, n):
        self.total[name] = self.total.get(name, 0) + n

    def tally(self, name, pe, n):
        self.pe.setdefault(name, [0] * self.config.n_pe)[pe] += n

    def utterance(self, n_steps):
        rows, vectors = slots_of(self.layer), vectors_of(self.layer)
        matrices = [matrix for _, matrix, _ in rows if matrix]
        self.slot(-1, "INITIAL.1", tables=True)
        self.slot(-1, "INITIAL.2", fetch=matrices[0], x=True, next_multiplies=True)
        for step in range(n_steps):
            numbers = {}
            for place, (state, matrix, operations) in enumerate(rows):
                numbers[state] = numbers.get(state, 0) + 1
                last = place == len(rows) - 1
                # S3: in the last time step nothing is fetched for a next one.
                more = not (last and step == n_steps - 1)
                self.slot(
                    step, f"STATE_{state}.{numbers[state]}", matrix, operations,
                    fetch=self.fetched(rows, matrices, place) if more else None,
                    vector=place < len(vectors), x=last and more,
                    next_multiplies=rows[(place + 1) % len(rows)][1] is not None,
                    store=place == 0 and step > 0,
                )
        self.slot(n_steps, "FINAL.1", store=True, final=True)
        self.count("cycles", self.now)
        self.count("slots", len(self.slots))

    def fetched(self, rows, matrices, place):
        """Matrix i + 1 in the slot of matrix i; Wym in the first of STATE_5; the next step's
        first in the step's last slot."""
        if place == len(rows) - 1:
            return matrices[0]
        state, matrix, _ = rows[place]
        if "Wym" in matrices and (state, rows[place - 1][0]) == (5, 4):
            return "Wym"
        if matrix is None or matrix == matrices[-1]:
            return None
        following = matrices[matrices.index(matrix) + 1]
        return None if following == "Wym" else following

    def slot(self, step, name, matrix=None, operations=(), *, fetch=None, vector=False, x=False,
             tables=False, next_multiplies=False, store=False, final=False):
        """S2: all begins in the first cycle; the next slot follows the last of it."""
        config, begin = self.config, self.now
        ends = [begin, begin + self.collecting - 1]  # E3
        collected, self.collecting = self.collecting, 0
        if matrix is not None:
            ends.append(self.multiply(matrix, begin))
        for unit in operations:  # E1
            self.count(f"{unit}_results", self.n_cells * self.n_channels)
            ends.append(begin + config.elementwise_latency_cycles
                        + up(self.n_cells, config.elementwise_width) - 1)
        if tables:  # M3
            bits = 2 * config.table_samples * config.activation_bits
            ends.append(self.fetch_2("table_words", bits, begin)[-1])
        if vector:
            ends.append(self.through_the_path(self.n_cells, 1, begin))
        if x:
            ends.append(self.through_the_path(self.n_inputs, config.n_channels, begin))
        if fetch is not None:
            stream = self.streams[fetch]
            self.arrival[fetch] = self.ddr_1.request(begin, stream.n_words)  # M5: weights first
            self.count("weight_words", stream.n_words)
            bits = config.n_pe * (stream.n_columns + 1) * config.pointer_bits
            self.pointers_at = self.fetch_2("pointer_words", bits, begin)[-1]
        if next_multiplies:  # F2
            ends.append(self.pointers_at)
        if store:  # S5, M5
            words = up(self.n_outputs * config.activation_bits * config.n_channels,
                       config.ddr_word_bits)
            stored = self.ddr_1.request(begin + collected, words)
            self.count("result_words", words)
            ends += stored[-1:] if final else []
        self.now = max(ends) + 1
        self.slots.append((step, name, matrix, self.now - begin))

    def fetch_2(self, counter, bits, cycle):
        words = up(bits, self.config.ddr_word_bits)
        self.count(counter, words)
        return self.ddr_2.request(cycle, words)

    def through_the_path(self, length, copies, cycle):
        """M4: a piece a cycle, from the cycle after its last word."""
        bits, piece = length * self.config.activation_bits, self.config.vector_path_bits
        words = self.fetch_2("vector_words", bits * copies, cycle)
        passed, at = 0, cycle
        while passed < bits:
            needed = up(min(passed + piece, bits) * copies, self.config.ddr_word_bits)
            if words[needed - 1] < at:
                passed += piece
                self.count("vector_path_cycles", 1)
            at += 1
        return at - 1

    def multiply(self, name, cycle):
        """F1, Q1 to Q5, cycle by cycle; every PE decides from the state at the cycle's start."""
        config, stream, arrival = self.config, self.streams[name], self.arrival[name]
        pes = range(config.n_pe)
        queues, left = [[] for _ in pes], [None] * config.n_pe  # slots left of the column in work
        self.count("start_cycles", config.start_cycles)
        at, following = cycle + config.start_cycles, 0
        while following < stream.n_columns or any(queues) or any(work is not None for work in left):
            self.count("compute_cycles", 1)
            full = [len(queue) == config.act_queue_depth for queue in queues]
            for pe in pes:
                self.tally("queue_occupancy_sum", pe, len(queues[pe]))
                most = self.pe.setdefault("queue_occupancy_max", [0] * config.n_pe)
                most[pe] = max(most[pe], len(queues[pe]))
            sent = self.broadcast(stream, arrival, following, full, at)
            for pe in pes:
                left[pe] = self.work(stream, queues[pe], left[pe], pe)
                if sent:
                    queues[pe].append(following)
                    self.tally("queue_pushes", pe, 1)
            following += sent
            at += 1
        self.count("drain_cycles", DRAIN)
        self.count("assembled_results", stream.n_rows * self.n_channels)
        self.collecting = up(stream.n_rows, config.n_pe)
        return at + DRAIN - 1

    def broadcast(self, stream, arrival, following, full, at):
        """Q1: whether the next column goes out in cycle ``at``."""
        if following == stream.n_columns:
            self.count("broadcast_idle_cycles", 1)
            return False
        matrix = self.config.weights_ready == "matrix"
        word = stream.n_words - 1 if matrix else stream.last_word[following]
        if word >= 0 and arrival[word] >= at:
            self.count("fetch_wait_cycles", 1)
            return False
        if any(full):
            self.count("blocked_cycles", 1)
            for pe, is_full in enumerate(full):
                self.tally("blocking_cycles", pe, int(is_full))
            return False
        self.count("broadcasts", 1)
        return True

    def work(self, stream, queue, left, pe):
        """P1, P2, Q3, P4: one slot of the column in work, and the next column's pop."""
        if left is None:
            self.tally("starved_cycles", pe, 1)
        else:
            column, slots = left
            entries = stream.entries[column][pe]
            if entries:
                self.tally("issued_entries", pe, 1)
            else:
                self.tally("empty_column_cycles", pe, 1)
            if slots > 1:
                return column, slots - 1
            self.tally("padding_entries", pe, stream.padding[column][pe])
        if not queue:
            return None
        self.tally("queue_pops", pe, 1)
        self.tally("pointer_reads", pe, 2)
        column = queue.pop(0)
        return column, max(1, stream.entries[column][pe])


def all_counters(config, layer, values, n_steps, n_channels):
    """(slots, counters by name) of an utterance whose values are judged (`judge_values`)."""
    time = Time(config, layer, values.weights, n_steps, n_channels)
    zero = [0] * config.n_pe
    pe = {name: time.pe.get(name, zero) for name in (
        "issued_entries", "padding_entries", "empty_column_cycles", "starved_cycles",
        "blocking_cycles", "queue_pushes", "queue_pops", "queue_occupancy_sum",
        "queue_occupancy_max", "pointer_reads")}
    total = {name: time.total.get(name, 0) for name in (
        "cycles", "slots", "start_cycles", "compute_cycles", "drain_cycles", "broadcasts",
        "fetch_wait_cycles", "blocked_cycles", "broadcast_idle_cycles", "weight_words",
        "pointer_words", "vector_words", "table_words", "result_words", "vector_path_cycles",
        "assembled_results", "elem_mul_results", "adder_tree_results")}
    # Every entry that is issued was written once; the rest of the fetched bits is padding.
    used = sum(pe["issued_entries"]) * (config.weight_bits + config.index_bits)
    look_ups = {"lstm": 5, "gru": 3, "linear": 0}[layer.kind]
    written = [n_steps * sum(column[p] for stream in time.streams.values()
                             for column in stream.entries) for p in range(config.n_pe)]
    real = [issued - pads for issued, pads in zip(
        pe["issued_entries"], pe["padding_entries"], strict=True)]
    return time.slots, total | pe | {
        "weight_padding_bits": total["weight_words"] * config.ddr_word_bits - used,
        "table_lookups": look_ups * time.n_cells * n_steps * n_channels,
        "elementwise_saturations": values.elements_saturated,
        "weight_buffer_writes": written,
        "macs": [n_channels * n for n in real],
        "saturations": values.sums_saturated,
    }
