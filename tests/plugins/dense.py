"""A machine of one's own in one file: PEs that share a broadcast activation and skip no zero.

Row i of the matrix belongs to PE i mod n_pe. Column by column the activation is broadcast, and
each PE multiplies one of its rows a cycle; one more cycle writes the last product. Zeros cost as
much as other numbers: what EIE's sparsity is worth is the difference.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import simpy
from pydantic import BaseModel, ConfigDict, Field

from accelsim.compression.binary_points import choose_binary_points
from accelsim.energy import EnergyReport, load_sram_table
from accelsim.energy.technology import load_events
from accelsim.errors import InputError
from accelsim.fixedpoint import quantise
from accelsim.inside.explain import Change
from accelsim.machines import Machine
from accelsim.records import CompressedLayer
from accelsim.records.counters import CounterSet, per_pe, total
from accelsim.records.job import Job
from accelsim.records.result import JobResult
from accelsim.records.signals import NOTHING, Signals
from accelsim.units.clock import Clock

CONFIG = """
machine = "dense"
n_pe = 64               # as many as EIE [chosen]
clock_mhz = 800.0       # EIE's clock [chosen]
start_cycles = 1        # as EIE [chosen]
weight_value_bits = 16  # as EIE [chosen]
activation_bits = 16    # as EIE [chosen]
accumulator_bits = 48   # wide enough for any sum of a layer [chosen]
weight_kb = 256.0       # weight memory of one PE [chosen]
"""


class DenseConfig(BaseModel):
    """What the machine is: every value with its meaning; sources stand in the TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    machine: Literal["dense"] = Field(description="which machine these numbers describe")
    n_pe: int = Field(ge=1, le=4096, description="processing elements")
    clock_mhz: float = Field(gt=0, description="clock frequency")
    start_cycles: int = Field(ge=0, description="cycles before the first multiplication")
    weight_value_bits: int = Field(ge=2, le=32, description="a weight")
    activation_bits: int = Field(ge=2, le=32, description="an activation")
    accumulator_bits: int = Field(ge=4, le=62, description="an accumulator")
    weight_kb: float = Field(gt=0, description="weight memory of one PE")


@dataclass(frozen=True, eq=False)
class DenseJob(Job):
    """``weights`` (n_outputs, n_columns) and ``activations`` (n_columns,) int64, bias included."""

    weights: np.ndarray
    activations: np.ndarray
    layer: CompressedLayer

    def finished(self, outputs):
        values = self.layer.in_layer_order(outputs)
        return np.maximum(values, 0) if self.layer.relu else values

    @property
    def operations(self):
        macs = int(np.count_nonzero(self.weights[:, self.activations != 0]))
        return {"entries": self.weights.size, "padding": 0, "macs": macs, "saturations": 0}


def make_job(config, layer, inputs, binary_points=None):
    """A compressed layer and a vector as integers, zeros and all; sums are kept whole."""
    points = binary_points or choose_binary_points(config, layer, inputs)
    weights = layer.decoded().to_dense()
    vector = np.asarray(inputs)
    if vector.shape != (layer.n_inputs,):
        raise InputError(f"{layer.name}: inputs have shape {vector.shape}; need "
                         f"({layer.n_inputs},)")
    vector = quantise(vector, config.activation_bits, points.input_frac_bits)
    if layer.has_bias:
        vector = np.append(vector, 1 << points.input_frac_bits)
    integers = quantise(weights, config.weight_value_bits, points.weight_frac_bits)
    frac_bits = {"weight": points.weight_frac_bits, "input": points.input_frac_bits,
                 "output": points.weight_frac_bits + points.input_frac_bits}
    return DenseJob(integers, vector.astype(np.int64), layer, name=layer.name, frac_bits=frac_bits)


@dataclass(frozen=True, eq=False)
class DenseCounters(CounterSet):
    """Everything that a run counts."""

    cycles: int = total("clock cycles of the layer")
    start_cycles: int = total("cycles before the first multiplication")
    compute_cycles: int = total("cycles in which a PE multiplied")
    macs: np.ndarray = per_pe("multiplications of two numbers that are not zero")
    zero_macs: np.ndarray = per_pe("multiplications by zero")
    idle_cycles: np.ndarray = per_pe("compute cycles without a row to multiply")

    def states(self):
        overhead = np.full(self.n_pe, self.cycles - self.compute_cycles)
        return {"useful": self.macs, "zeros": self.zero_macs, "idle": self.idle_cycles,
                "overhead": overhead}

    def laws(self, config=None, job=None):
        work = self.macs + self.zero_macs + self.idle_cycles
        return [
            ("work + idle = compute cycles", work, np.full(self.n_pe, self.compute_cycles)),
            ("start + compute + 1 = cycles",
             np.array([self.start_cycles + self.compute_cycles + 1]), np.array([self.cycles])),
        ]


class DensePe:
    """Multiplier, product register, an accumulator for each of its rows. Edge: ``load()``."""

    def __init__(self, rows):
        self.rows, self.sums = rows.tolist(), [0] * len(rows)
        self.chosen = self.product = None
        self.macs = self.zero_macs = self.idle_cycles = 0

    def decide(self, row, column, activation):
        """Multiply one weight in this cycle, if the PE has such a row."""
        self.chosen = None
        if row >= len(self.rows):
            self.idle_cycles += 1
            return
        weight = self.rows[row][column]
        self.chosen = (row, weight * activation)
        if weight and activation:
            self.macs += 1
        else:
            self.zero_macs += 1

    def load(self):
        if self.product is not None:
            row, value = self.product
            self.sums[row] += value
        self.product, self.chosen = self.chosen, None

    def signals(self):
        """What a trace shows of the PE."""
        return Signals({"multiply": 1, "row": 16}, lambda: (
            self.chosen is not None, NOTHING if self.chosen is None else self.chosen[0]))


class Dense:
    """The PEs behind one control."""

    def __init__(self, config, job, observer):
        self.config, self.job = config, job
        self.env = simpy.Environment()
        watch = None if observer is None else lambda t: observer.cycle(t, self)
        self.clock = Clock(self.env, watch)
        self.pes = [DensePe(job.weights[pe :: config.n_pe]) for pe in range(config.n_pe)]
        self.clock.loading.update(dict.fromkeys(self.pes))

    def units(self, pes):
        """Where each unit stands, for traces."""
        return [(("dense", f"pe[{pe}]"), self.pes[pe]) for pe in pes]

    def control(self):
        for _ in range(self.config.start_cycles):
            yield self.clock.tick
        for column, activation in enumerate(self.job.activations.tolist()):
            for row in range(len(self.pes[0].rows)):
                for pe in self.pes:
                    pe.decide(row, column, activation)
                yield self.clock.tick
        yield self.clock.tick  # the last product reaches its accumulator


def reference(config, job, outputs=True, observer=None, shuffle=None):
    """Cycle by cycle."""
    array = Dense(config, job, observer)
    processes = [array.control(), array.clock.run()]
    made = {process: array.env.process(process)
            for process in (processes[::-1] if shuffle and shuffle.random() < 0.5 else processes)}
    array.env.run(until=made[processes[0]])
    counted = {name: np.array([getattr(pe, name) for pe in array.pes], dtype=np.int64)
               for name in ("macs", "zero_macs", "idle_cycles")}
    cycles = array.clock.cycle
    counters = DenseCounters(cycles=cycles, start_cycles=config.start_cycles,
                             compute_cycles=cycles - config.start_cycles - 1, **counted)
    sums = [array.pes[row % config.n_pe].sums[row // config.n_pe]
            for row in range(len(job.weights))]
    return JobResult(np.array(sums) if outputs else None, counters, job.operations)


def fast(config, job, outputs=True):
    """The same in closed form."""
    rows, columns = job.weights.shape
    own = np.maximum(0, -((np.arange(config.n_pe) - rows) // config.n_pe))  # rows of each PE
    compute = columns * -(-rows // config.n_pe)
    useful = np.zeros(config.n_pe, dtype=np.int64)
    hits = np.count_nonzero(job.weights[:, job.activations != 0], axis=1)
    np.add.at(useful, np.arange(rows) % config.n_pe, hits)
    counters = DenseCounters(
        cycles=config.start_cycles + compute + 1, start_cycles=config.start_cycles,
        compute_cycles=compute, macs=useful, zero_macs=own * columns - useful,
        idle_cycles=compute - own * columns,
    )
    return JobResult(job.weights @ job.activations if outputs else None, counters, job.operations)


def functional(config, job, outputs=True):
    """Values without time: row by row, in plain integers."""
    vector = job.activations.tolist()
    sums = [sum(w * a for w, a in zip(row, vector, strict=True)) for row in job.weights.tolist()]
    return JobResult(np.array(sums) if outputs else None, None, job.operations)


def price(config, counters, n_channels=1):
    """Events at 45 nm, leakage and area of the weight memories; logic has no clock or area here."""
    events = load_events()
    memory = load_sram_table().at(config.weight_kb, config.weight_value_bits)
    works = int((counters.macs + counters.zero_macs).sum())
    time_us = counters.cycles / config.clock_mhz
    mac = (events.multiply_pj(config.weight_value_bits, config.activation_bits)
           + events.linear_pj("add", config.accumulator_bits)
           + events.linear_pj("register", 2 * config.accumulator_bits))
    spent = {"weight_memory": works * memory.read_pj, "arith_unit": works * mac}
    leakage = {"weight_memory": memory.leakage_mw * config.n_pe * time_us * 1e3, "arith_unit": 0.0}
    whole = sum(spent.values()) + sum(leakage.values())
    states = counters.states()
    everything = sum(int(cycles.sum()) for cycles in states.values())
    return EnergyReport(
        spent, leakage, dict.fromkeys(spent, 0.0),
        {state: whole * int(cycles.sum()) / everything for state, cycles in states.items()},
        {"weight_memory": memory.area_um2 * config.n_pe * 1e-6}, time_us,
        int(counters.macs.sum()), config.n_pe, 0.0,
        notes=("area and clock of the logic are not priced",),
    )


def changes(config, work, job, result):
    """What may help; each is run."""
    return [Change(f"{2 * config.n_pe} PEs instead of {config.n_pe}", {"n_pe": 2 * config.n_pe})]


MACHINE = Machine(
    config=DenseConfig,
    config_file=CONFIG,
    takes=(CompressedLayer,),
    make_job=make_job,
    tellings={"functional": functional, "reference": reference, "fast": fast},
    counters=DenseCounters,
    price=price,
    remedies=changes,
)
