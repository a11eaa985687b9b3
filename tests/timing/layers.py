"""Layers small enough to follow by hand, and random ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from accelsim.formats import build_image
from accelsim.machines import load_config
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.job import LayerJob, layer_job
from accelsim.machines.eie.plan import tile_rows
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.records import CompressedLayer, CscMatrix

OVERHEAD = 1 + 4  # one start cycle, four to drain

Column = Mapping[int, int]  # output row to code


class Trace:
    """When things happen, in cycles from the first compute cycle of the layer."""

    def __init__(self, n_pe: int) -> None:
        self.first_compute: int | None = None
        self.broadcasts: list[int] = []
        self.pops: list[list[int]] = [[] for _ in range(n_pe)]
        self.slots: list[list[int]] = [[] for _ in range(n_pe)]
        self.empty_slots: list[list[int]] = [[] for _ in range(n_pe)]
        self.phases: list[str] = []

    def cycle(self, t: int, machine: Eie) -> None:
        assert t == len(self.phases)
        self.phases.append(machine.ccu.phase)
        if self.first_compute is None:
            if machine.ccu.phase != "compute":
                return
            self.first_compute = t
        now = t - self.first_compute
        if machine.ccu.broadcast is not None:
            self.broadcasts.append(now)
        for index, pe in enumerate(machine.pes):
            self.pops[index] += [now] * pe.ptr_read.pops
            self.slots[index] += [now] * pe.spmat_read.advances
            self.empty_slots[index] += [now] * pe.spmat_read.skips


def trace(config: EieConfig, job: LayerJob) -> tuple[Trace, Counters]:
    """Run a layer and write down when things happened."""
    seen = Trace(config.n_pe)
    counters = run(config, job, observer=seen).counters
    assert counters is not None
    counters.check()
    assert counters.cycles == len(seen.phases)
    return seen, counters


def machine(**overrides: Any) -> EieConfig:
    """The published machine with a few PEs and 2-bit runs; overrides on top."""
    return load_config("eie", **{"n_pe": 2, "index_bits": 2, "weight_bits": 4, **overrides})


def make_job(
    config: EieConfig,
    columns: Sequence[Column],
    activations: Sequence[int] | None = None,
    n_outputs: int | None = None,
    bias: Column | None = None,
    codebook: Sequence[int] | None = None,
    shift: int = 0,
    bias_activation: int = 1,
    biases: Sequence[int] | None = None,
) -> LayerJob:
    """A layer of ``columns[j][row] = code``; activations are all 1, code c means weight c.

    Sums start from ``biases``; ``bias`` is one more column.
    """
    stored = [*columns, bias] if bias is not None else list(columns)
    rows = [sorted(column) for column in stored]
    highest = max((row[-1] for row in rows if row), default=0)
    starts = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64)
    size = 1 << config.weight_bits
    packed = CompressedLayer(
        matrix=CscMatrix(
            (n_outputs or highest + 1, len(stored)), starts,
            np.array([r for row in rows for r in row], dtype=np.int32),
            np.array([c[r] for c, row in zip(stored, rows, strict=True) for r in row],
                     dtype=np.uint8),
        ),
        codebook=np.zeros(size, dtype=np.float32),
        weight_bits=config.weight_bits, index_bits=config.index_bits, has_bias=bias is not None,
    )
    image = build_image(
        packed, config.n_pe, config.index_bits, tile_rows(config, packed.n_outputs)
    )
    return layer_job(
        config,
        image=image,
        codebook=np.array(range(size) if codebook is None else codebook, dtype=np.int64),
        activations=np.array(
            [1] * len(columns) if activations is None else activations, dtype=np.int64
        ),
        shift=shift,
        bias_activation=bias_activation,
        bias=None if biases is None else np.array(biases, dtype=np.int64),
    )


def random_job(
    config: EieConfig, n_outputs: int, n_inputs: int, density: float, active: float,
    bias: bool | str, shift: int, seed: int,
) -> LayerJob:
    """Seeded weights and activations of full width, so that sums saturate now and then.

    ``bias`` is True for one in a column, "exact" for one in the accumulators.
    """
    rng = np.random.default_rng(seed)
    size = 1 << config.weight_bits
    codes = rng.integers(1, size, (n_inputs + 1, n_outputs)) * (
        rng.random((n_inputs + 1, n_outputs)) < density
    )
    columns = [{int(r): int(c[r]) for r in np.flatnonzero(c)} for c in codes]
    weight = 1 << (config.weight_value_bits - 1)
    activation = 1 << (config.activation_bits - 1)
    codebook = rng.integers(-weight, weight, size)
    codebook[0] = 0
    values = rng.integers(-activation, activation, n_inputs) * (rng.random(n_inputs) < active)
    one, top = int(rng.integers(1, activation)), 1 << (config.accumulator_bits - 1)
    return make_job(
        config, columns[:-1], values.tolist(), n_outputs, columns[-1] if bias is True else None,
        codebook.tolist(), shift, one,
        rng.integers(-top, top, n_outputs).tolist() if bias == "exact" else None,
    )
