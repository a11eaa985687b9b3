"""ESE's values once more, from its contract (machines/ese/README.md) alone.

Plain integers and loops, one channel and one element after the other; nothing of accelsim is
imported. Rules are named where they are carried out.
"""

import math
from fractions import Fraction


def half_up(value):
    """The nearest integer, halves towards plus infinity (fixedpoint: quantise, shift right)."""
    return math.floor(value + Fraction(1, 2))


def clipped(value, bits):
    return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, value))


def quantised(x, bits, frac):
    return clipped(half_up(Fraction(float(x)) * Fraction(2) ** frac), bits)


def most_frac(largest, bits):
    """V1: the most fraction bits with which the magnitude does not saturate."""
    if largest == 0:
        return bits - 1
    frac = -1100
    step = 1024
    while step:
        while half_up(Fraction(largest) * Fraction(2) ** (frac + step)) <= 2 ** (bits - 1) - 1:
            frac += step
        step //= 2
    return frac


def sigmoid(x):
    return 0.5 * (1 + math.tanh(0.5 * x))


class FloatCells:
    """V1: one channel in floating point; ``tops`` has the largest magnitude of each signal."""

    def __init__(self, layer, tops):
        self.layer, self.tops = layer, tops
        self.n = len(layer.matrices[{"lstm": "Wix", "gru": "Wrx", "linear": "Wyx"}[layer.kind]])
        self.c = [0.0] * self.n
        self.y = [0.0] * (len(layer.matrices["Wym"]) if "Wym" in layer.matrices else self.n)

    def see(self, signal, values):
        self.tops[signal] = max([self.tops.get(signal, 0.0), *map(abs, values)])
        return values

    def product(self, name, vector, signal):
        rows = self.layer.matrices[name]
        return self.see(signal, [
            sum((float(w) * v for w, v in zip(row, vector, strict=True) if w), 0.0)
            for row in rows])

    def vector(self, name, signal):
        given = self.layer.biases.get(name, [0.0] * self.n)
        return self.see(signal, [float(v) for v in given])

    def gate(self, gate, x, cells):
        """Pre-activation: W x + W y + b + peephole."""
        terms = [self.product(f"W{gate}x", x, gate), self.product(f"W{gate}r", self.y, gate),
                 self.vector(f"b{gate}", gate)]
        if cells is not None and self.layer.peepholes:
            peephole = self.layer.peepholes[f"W{gate}c"]
            terms.append(self.see(
                gate, [float(p) * c for p, c in zip(peephole, cells, strict=True)]))
        return self.see(gate, [sum(column) for column in zip(*terms, strict=True)])

    def step(self, x):
        self.see("x", x)
        getattr(self, self.layer.kind)(x)
        self.see("y", self.y)

    def lstm(self, x):
        squash = sigmoid if self.layer.cell_activation == "sigmoid" else math.tanh
        i = [sigmoid(v) for v in self.gate("i", x, self.c)]
        f = [sigmoid(v) for v in self.gate("f", x, self.c)]
        g = [squash(v) for v in self.gate("c", x, None)]
        self.c = self.see("cell", [
            f[e] * self.c[e] + i[e] * g[e] for e in range(self.n)])
        o = [sigmoid(v) for v in self.gate("o", x, self.c)]
        m = self.see("m", [o[e] * math.tanh(self.c[e]) for e in range(self.n)])
        self.y = self.product("Wym", m, "y") if "Wym" in self.layer.matrices else m

    def gru(self, x):
        h, every = self.y, range(self.n)
        r = [sigmoid(v) for v in self.gate("r", x, None)]
        z = [sigmoid(v) for v in self.gate("z", x, None)]
        if self.layer.reset_after:
            inner, bias = self.product("Wnr", h, "nr"), self.vector("bnr", "nr")
            inner = self.see("nr", [inner[e] + bias[e] for e in every])
            term = self.see("n", [r[e] * inner[e] for e in every])
        else:
            term = self.product("Wnr", self.see("y", [r[e] * h[e] for e in every]), "n")
        given, bias = self.product("Wnx", x, "n"), self.vector("bn", "n")
        n = self.see("n", [given[e] + term[e] + bias[e] for e in every])
        self.y = [(1 - z[e]) * math.tanh(n[e]) + z[e] * h[e] for e in every]

    def linear(self, x):
        product, bias = self.product("Wyx", x, "y"), self.vector("by", "y")
        self.y = [product[e] + bias[e] for e in range(self.n)]


def target_of(layer, matrix):
    """Signal that a matrix multiplies, and signal of its sums."""
    if matrix == "Wym":
        return "m", "y"
    source = "x" if matrix.endswith("x") else "y"
    return source, "nr" if matrix == "Wnr" and layer.reset_after else matrix[1]


class Values:
    """Everything that is a value: ``weights`` by matrix, ``outputs``, counts of saturations."""

    def __init__(self, config, layer, x, sample=None):
        """``sample`` : the calibration utterance; None takes ``x``."""
        self.config, self.layer = config, layer
        self.sums_saturated = [0] * config.n_pe
        self.elements_saturated = 0
        self.weights, self.weight_frac = {}, {}
        for name, matrix in layer.matrices.items():
            top = max((abs(float(w)) for row in matrix for w in row), default=0.0)
            frac = self.weight_frac[name] = most_frac(top, config.weight_bits)
            self.weights[name] = [
                [quantised(w, config.weight_bits, frac) for w in row] for row in matrix]
        self.gate_frac = config.activation_bits - 2  # T1
        self.frac = self.points(x if sample is None else sample)
        bits = config.activation_bits
        self.refused = any(  # V1: a shift that no product of these widths needs
            self.shift(name) > config.weight_bits + bits for name in self.weights)
        self.vectors = {
            name: [quantised(v, bits, self.frac[name[1:]]) for v in vector]
            for name, vector in layer.biases.items()}
        self.vectors |= {
            name: [quantised(v, bits, self.frac[name]) for v in vector]
            for name, vector in layer.peepholes.items()}
        self.tables = {"sigmoid": self.table(sigmoid_of, config.sigmoid_input_max),
                       "tanh": self.table(math.tanh, config.tanh_input_max)}
        n_channels = len(x[0])
        channels = [Channel(self) for _ in range(n_channels)]
        self.outputs = [
            [channel.step([quantised(v, bits, self.frac["x"]) for v in x_t[k]])
             for k, channel in enumerate(channels)] for x_t in x]

    def points(self, x):
        """V1."""
        layer, config, tops = self.layer, self.config, {}
        cells = [FloatCells(layer, tops) for _ in x[0]]
        for x_t in x:
            for k, cell in enumerate(cells):
                cell.step([float(v) for v in x_t[k]])
        narrow = min(config.activation_bits, config.accumulator_bits)
        frac = {s: most_frac(top, config.activation_bits if s == "x" else narrow)
                for s, top in tops.items()}
        for signal in {"cell", "m", "y"} & frac.keys():
            frac[signal] = min(frac[signal], 2 * self.gate_frac)
        if layer.kind == "lstm" and "Wym" not in layer.matrices:
            frac["y"] = frac["m"]
        for name in sorted(layer.matrices, key="Wym".__ne__):  # Wym first: others multiply y
            source, target = target_of(layer, name)
            frac[target] = min(frac[target], self.weight_frac[name] + frac[source])
        for name, vector in layer.peepholes.items():
            frac[name] = most_frac(max(abs(float(v)) for v in vector), config.activation_bits)
            frac[name[1]] = min(frac[name[1]], frac[name] + frac["cell"])
        if "nr" in frac:
            frac["n"] = min(frac["n"], self.gate_frac + frac["nr"])
        return frac

    def shift(self, name):
        """Of the products of a matrix."""
        source, target = target_of(self.layer, name)
        return self.weight_frac[name] + self.frac[source] - self.frac[target]

    def table(self, function, input_max):
        """T1."""
        config = self.config
        step = Fraction(2 * input_max) / config.table_samples
        samples = [quantised(function(float(-Fraction(input_max) + k * step)),
                             config.activation_bits, self.gate_frac)
                   for k in range(config.table_samples)]
        return samples, step, Fraction(input_max)

    def look_up(self, name, value, frac):
        """T2."""
        samples, step, input_max = self.tables[name]
        position = (value / Fraction(2) ** frac + input_max) / step

        def sample(k):
            return samples[max(0, min(k, len(samples) - 1))]

        if self.config.table_interpolation == "nearest":
            return sample(half_up(position))
        here = math.floor(position)
        return sample(here) + half_up((sample(here + 1) - sample(here)) * (position - here))

    def saturated(self, total):
        """V3: to the width of an activation, counted."""
        value = clipped(total, self.config.activation_bits)
        self.elements_saturated += value != total
        return value

    def shifted(self, a, b, shift):
        """V3: a whole product, shifted right with rounding."""
        return (2 * a * b + 2**shift) // 2 ** (shift + 1)

    def multiply(self, name, vector):
        """V2: column by column, every sum saturated; then Assemble."""
        shift = self.shift(name)
        rows, bits = self.weights[name], self.config.accumulator_bits
        sums = [0] * len(rows)
        for column, activation in enumerate(vector):
            for row, weights in enumerate(rows):
                if weights[column]:
                    total = sums[row] + self.shifted(weights[column], activation, shift)
                    sums[row] = clipped(total, bits)
                    self.sums_saturated[row % self.config.n_pe] += sums[row] != total
        return [self.saturated(total) for total in sums]


def sigmoid_of(x):
    return 1 / (1 + math.exp(-x))


class Channel:
    """V4 to V6, one channel."""

    def __init__(self, values):
        self.v, layer = values, values.layer
        self.n = len(next(iter(layer.matrices.values())))
        self.c = [0] * self.n
        self.y = [0] * (len(layer.matrices["Wym"]) if "Wym" in layer.matrices else self.n)

    def step(self, x):
        getattr(self, self.v.layer.kind)(x)
        return list(self.y)

    def bias(self, name, e):
        return self.v.vectors[name][e] if name in self.v.vectors else 0

    def gate(self, gate, x, peephole, function):
        v = self.v
        one, two = v.multiply(f"W{gate}x", x), v.multiply(f"W{gate}r", self.y)
        result = []
        for e in range(self.n):
            total = one[e] + two[e] + self.bias(f"b{gate}", e)
            if peephole and v.layer.peepholes:
                name = f"W{gate}c"
                shift = v.frac[name] + v.frac["cell"] - v.frac[gate]
                total += v.saturated(v.shifted(v.vectors[name][e], self.c[e], shift))
            result.append(v.look_up(function, v.saturated(total), v.frac[gate]))
        return result

    def lstm(self, x):
        v, g2, frac = self.v, 2 * self.v.gate_frac, self.v.frac
        i, f = (self.gate(gate, x, True, "sigmoid") for gate in "if")
        g = self.gate("c", x, False, v.layer.cell_activation)
        self.c = [v.saturated(v.shifted(f[e], self.c[e], v.gate_frac)
                              + v.shifted(i[e], g[e], g2 - frac["cell"])) for e in range(self.n)]
        o = self.gate("o", x, True, "sigmoid")
        h = [v.look_up("tanh", c, frac["cell"]) for c in self.c]
        m = [v.saturated(v.shifted(o[e], h[e], g2 - frac["m"])) for e in range(self.n)]
        self.y = v.multiply("Wym", m) if "Wym" in v.weights else m

    def gru(self, x):
        v, h, frac, every = self.v, self.y, self.v.frac, range(self.n)
        r, z = (self.gate(gate, x, False, "sigmoid") for gate in "rz")
        if v.layer.reset_after:
            inner = v.multiply("Wnr", h)
            inner = [v.saturated(inner[e] + self.bias("bnr", e)) for e in every]
            shift = v.gate_frac + frac["nr"] - frac["n"]
            term = [v.saturated(v.shifted(r[e], inner[e], shift)) for e in every]
        else:
            term = v.multiply("Wnr", [
                v.saturated(v.shifted(r[e], h[e], v.gate_frac)) for e in every])
        given = v.multiply("Wnx", x)
        n = [v.look_up("tanh", v.saturated(given[e] + term[e] + self.bias("bn", e)), frac["n"])
             for e in every]
        one = 2 ** v.gate_frac
        self.y = [v.saturated(v.shifted(one - z[e], n[e], 2 * v.gate_frac - frac["y"])
                              + v.shifted(z[e], h[e], v.gate_frac)) for e in every]

    def linear(self, x):
        v, sums = self.v, self.v.multiply("Wyx", x)
        self.y = sums if not v.layer.biases else [
            v.saturated(sums[e] + self.bias("by", e)) for e in range(self.n)]
