"""A plug-in: PEs that take one stored weight a cycle each, whatever the inputs are.

Two machines of few parameters: ``one`` takes compressed layers, ``one_matrix`` recurrent ones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from accelsim.machines import Machine
from accelsim.records import CompressedLayer
from accelsim.records.counters import CounterSet, per_pe, total
from accelsim.records.job import Job
from accelsim.records.metric import Metric
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import JobResult


class OneConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    machine: Literal["one"] = Field(description="which machine")
    n_pe: int = Field(ge=1, le=64, description="processing elements")
    clock_mhz: float = Field(gt=0, description="clock frequency")


class MatrixConfig(OneConfig):
    machine: Literal["one_matrix"] = Field(description="which machine")


@dataclass(frozen=True, eq=False)
class OneJob(Job):
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class OneCounters(CounterSet):
    cycles: int = total("clock cycles")
    macs: np.ndarray = per_pe("weights taken")
    waits: np.ndarray = per_pe("cycles behind the last weight")

    def states(self):
        return {"useful": self.macs, "long waits": self.waits}

    def laws(self, config=None, job=None):
        return []


def make_job(config, work, inputs):
    """Non-zero weights of each row."""
    whole = (work.decoded().to_dense() if isinstance(work, CompressedLayer)
             else np.hstack([work.floats(name) for name in work.matrices]))
    return OneJob(name=work.name, weights=np.count_nonzero(whole, axis=1))


def run(config, job, outputs=True):
    macs = np.bincount(np.arange(len(job.weights)) % config.n_pe, job.weights, config.n_pe)
    macs = macs.astype(np.int64)
    cycles = int(macs.max()) + 1
    weights = int(macs.sum())
    return JobResult(None, OneCounters(cycles, macs, cycles - macs),
                     {"entries": weights, "padding": 0, "macs": weights})


def longest_wait(point):
    """Of one PE."""
    return int(point.counters.waits.max())


PARTS = {
    "make_job": make_job, "tellings": {"reference": run}, "counters": OneCounters,
    "metrics": (
        Metric("longest_wait", "cycles", "max", longest_wait, after="gops"),
        Metric("priced_wait", "never told: there is no price", "sum", longest_wait,
               needs=("price",)),
    ),
}
TEXT = 'machine = "{}"\nn_pe = 2  # chosen\nclock_mhz = 100.0  # chosen\n'

MACHINES = [
    Machine(OneConfig, TEXT.format("one"), takes=(CompressedLayer,), **PARTS),
    Machine(MatrixConfig, TEXT.format("one_matrix"), takes=(RecurrentLayer,), **PARTS),
]
