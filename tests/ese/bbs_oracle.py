"""The bank-balanced machine written once more from its contract, loop by loop.

Plain Python over lists and fractions; shares nothing with accelsim.
"""

from collections import Counter
from fractions import Fraction
from math import ceil, floor


def integer(value, bits, frac_bits):
    """Nearest integer of a real number, halves up, saturated."""
    nearest = floor(Fraction(value) * Fraction(2) ** frac_bits + Fraction(1, 2))
    return min(max(nearest, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1)


def multiplication(machine, matrix, has_bias):
    """B1 to B4 of one matrix (rows of numbers): counters by PE, and phases."""
    n_pe, n_banks = machine["n_pe"], machine["n_banks"]
    width = ceil(len(matrix[0]) / n_banks)
    count = {name: [0] * n_pe for name in (
        "rows", "slots", "empty_rows", "macs", "filler_macs", "bias_reads", "idle_cycles")}
    for i, row in enumerate(matrix):
        pe = i % n_pe
        in_bank = [0] * n_banks
        for column, weight in enumerate(row):
            if weight:
                in_bank[column // width] += 1
        turn = 0
        while turn == 0 or turn < max(in_bank):
            count["slots"][pe] += 1
            for bank in range(n_banks):
                count["macs" if turn < in_bank[bank] else "filler_macs"][pe] += 1
            turn += 1
        count["empty_rows"][pe] += not any(in_bank)
        count["rows"][pe] += 1
        count["bias_reads"][pe] += has_bias
    busiest = max(count["slots"])
    count["idle_cycles"] = [busiest - slots for slots in count["slots"]]
    levels = 0
    while 2**levels < n_banks:
        levels += 1
    phases = {"start_cycles": machine["start_cycles"], "compute_cycles": busiest,
              "drain_cycles": 2 + levels + 2 - 1}  # read, multiply, adders, accumulate, write
    return count, phases


class Run:
    """Adds up what happens, cycle after cycle."""

    def __init__(self, machine):
        self.machine = machine
        self.total = Counter(dict.fromkeys((
            "cycles", "vectors", "start_cycles", "compute_cycles", "drain_cycles",
            "elementwise_cycles", "vector_writes", "elementwise_products", "elementwise_sums",
            "table_lookups"), 0))
        self.pes = {}

    def multiply(self, matrix, has_bias=False, beside=0):
        """A matrix, with ``beside`` cycles of element-wise work that began with it."""
        count, phases = multiplication(self.machine, matrix, has_bias)
        for name, values in count.items():
            before = self.pes.get(name, [0] * len(values))
            self.pes[name] = [a + b for a, b in zip(before, values, strict=True)]
        self.total.update(phases)
        took = sum(phases.values())
        self.total["cycles"] += took
        self.alone(max(0, beside - took))

    def alone(self, cycles):
        self.total["elementwise_cycles"] += cycles
        self.total["cycles"] += cycles


def linear(machine, matrix, bias, vectors, frac, relu=False):
    """Outputs of every vector, and the run.

    Parameters
    ----------
    matrix : rows of integer weights; ``frac`` has their "weight" fraction bits, those of "input"
        and of "output"
    bias : reals or None
    vectors : real vectors in order
    """
    run, bits = Run(machine), machine["activation_bits"]
    saturations = [0] * machine["n_pe"]
    outputs = []
    for vector in vectors:
        x = [integer(v, bits, frac["input"]) for v in vector]
        y = []
        for i, row in enumerate(matrix):
            exact = Fraction(sum(w * v for w, v in zip(row, x, strict=True)))
            if bias is not None:
                exact += floor(Fraction(bias[i]) * Fraction(2) ** (frac["weight"] + frac["input"])
                               + Fraction(1, 2))
            real = exact / Fraction(2) ** (frac["weight"] + frac["input"])
            nearest = floor(real * Fraction(2) ** frac["output"] + Fraction(1, 2))
            value = integer(real, bits, frac["output"])
            saturations[i % machine["n_pe"]] += value != nearest
            y.append(max(value, 0) if relu else value)
        outputs.append(y)
        run.total["vectors"] += 1
        run.total["vector_writes"] += len(vector)
        run.multiply(matrix, bias is not None)
    run.pes["saturations"] = saturations
    return outputs, run


def lstm(machine, matrices, biases, peepholes, n_vectors):
    """The run of ``n_vectors`` vectors; matrices are rows of weights by name."""
    run = Run(machine)
    n_cells, n_inputs = len(matrices["Wix"]), len(matrices["Wix"][0])
    n_outputs = len(matrices["Wir"][0])
    operation = (ceil(n_cells / machine["elementwise_width"])
                 + machine["elementwise_latency_cycles"])

    def gate(g, beside):
        both = [a + b for a, b in zip(matrices[f"W{g}x"], matrices[f"W{g}r"], strict=True)]
        run.multiply(both, f"b{g}" in biases, beside)

    for _ in range(n_vectors):
        run.total["vectors"] += 1
        run.total["vector_writes"] += n_inputs + n_outputs
        gate("i", 0)
        gate("f", operation * (2 if peepholes else 1))  # i
        gate("c", operation * (2 if peepholes else 1))  # f
        gate("o", operation * 2)  # g, c
        run.alone(operation * (4 if peepholes else 3))  # o, h, m
        for cell in range(n_cells):
            run.total["table_lookups"] += len("ifgo") + len("h")
            run.total["elementwise_products"] += len(["f*c", "i*g"]) + len(["o*h"])
            run.total["elementwise_sums"] += len(["f*c + i*g"])
            if peepholes:
                for gate_name in "ifo":
                    assert len(peepholes[f"W{gate_name}c"]) > cell
                    run.total["elementwise_products"] += 1
                    run.total["elementwise_sums"] += 1
        if "Wym" in matrices:
            run.total["vector_writes"] += n_cells
            run.multiply(matrices["Wym"])
    return run


def difference(counters, run):
    """The first counter that differs from the run's, in words, or None."""
    for name in {f.name for f in counters.counted()} | run.total.keys() | run.pes.keys():
        want = run.pes[name] if name in run.pes else run.total[name]
        got = getattr(counters, name)
        if (got.tolist() if hasattr(got, "tolist") else got) != want:
            return f"{name}: {got} != {want}"
    return None
