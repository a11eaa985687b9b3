"""Points of a study with DRAM, which share their work, are those of single runs of the reference;
bytes are bursts; sizes that follow the workload are looked for once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim.api import simulate
from accelsim.errors import UnsupportedError
from accelsim.machines.eie import fit
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.machine import MACHINE
from accelsim.machines.eie.requests import requests
from accelsim.records.metric import FinishedPoint, Metric
from accelsim.study import load_study
from accelsim.study.evaluate import Outcome, config_of, evaluate
from accelsim.study.points import Chunk, Plan
from accelsim.study.workloads import compressed
from tests.study.tiny import study_file

AXES = {
    "capacity": "stream", "n_pe": [1, 2, 4], "act_queue_depth": [1, 2, 8],
    "spmat_width_bits": [32, 64], "dram": ["none", "hbm2"], "refill": ["all", "active"],
    "refill_overlap": [False, True], "regfile_depth": [3, 64], "spmat_kb": 16 * 8 / 8192,
}


@dataclass(frozen=True)
class Weighted:
    """A counter as one number that tells which PE counted what."""

    counter: str

    def __call__(self, point: FinishedPoint) -> float:
        each = np.atleast_1d(getattr(point.counters, self.counter)).ravel()
        return float(each @ np.arange(1, each.size + 1))


COUNTERS = tuple(
    Metric(f.name, f.name, "sum", Weighted(f.name)) for f in fields(Counters)
    if f.name not in ("saturations", "adder_bypasses", "write_bypasses"))  # of values


def told(folder: Path, **axes: Any) -> Iterator[tuple[Chunk, list[Outcome]]]:
    """The points of a study over two tiny layers, chunk by chunk."""
    plan = Plan(load_study(study_file(folder)).with_settings({**AXES, **axes}))
    for stream in plan.streams():
        for group in stream.groups:
            chunk = replace(plan.chunk(stream, group), metrics=COUNTERS)
            yield chunk, evaluate(chunk)


def test_points_that_share_their_work_are_single_runs(tmp_path: Path) -> None:
    refilled = points = 0
    for chunk, outcomes in told(tmp_path):
        packed, inputs = compressed(chunk.workload, chunk.recipe)
        for point, outcome in zip(chunk.points, outcomes, strict=True):
            assert outcome.error is None
            config = config_of(chunk.base, point.overrides)
            alone = simulate(config, packed, inputs, "reference")
            finished = FinishedPoint(config, packed, alone)
            for metric, value in zip(COUNTERS, outcome.values, strict=True):
                assert value == metric.value(finished), (metric.name, point.overrides)
            points += 1
            refilled += alone.timed.passes > 1 and alone.timed.refill_bits > 0
    assert points == 2 * 3 * 3 * 2 * 2 * 2 * 2 * 2
    assert refilled > points / 3, "few layers are refilled"


def test_bytes_are_bursts(tmp_path: Path) -> None:
    """As many as the DMA asks for, request by request, each at an address of its own."""
    names = [metric.name for metric in COUNTERS]
    seen = 0
    for chunk, outcomes in told(tmp_path, act_queue_depth=8, dram="hbm2", refill_overlap=True):
        packed, inputs = compressed(chunk.workload, chunk.recipe)
        for point, outcome in zip(chunk.points, outcomes, strict=True):
            config = config_of(chunk.base, point.overrides)
            counted = dict(zip(names, outcome.values, strict=True))
            try:
                asked = list(requests(config, MACHINE.job(config, packed, inputs)))
            except UnsupportedError:  # resident
                assert counted["refill_bursts"] == 0
                continue
            size = config.burst_bits // 8
            assert counted["refill_bursts"] * size == len(set(asked)) * size == len(asked) * size
            assert all(address % size == 0 for address in asked)
            assert counted["refill_bits"] <= len(asked) * config.burst_bits
            seen += 1
    assert seen > 5


def test_sizes_are_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of activations by shapes alone; of entries once an image, though every design asks."""
    counted: list[int] = []
    image_for = fit.image_for

    def counting(config: Any, packed: Any) -> Any:
        counted.append(config.n_pe)
        return image_for(config, packed)

    monkeypatch.setattr(fit, "image_for", counting)
    small = {"act_queue_depth": [1, 2], "dram": "hbm2", "refill": "all", "refill_overlap": False,
             "regfile_depth": 3}
    for _, outcomes in told(tmp_path, act_sram_kb="fit", **small):
        assert not any(outcome.error for outcome in outcomes)
    assert counted == []
    for _, outcomes in told(tmp_path, spmat_kb="fit", **small):
        assert not any(outcome.error for outcome in outcomes)
    assert sorted(counted) == [n_pe for n_pe in (1, 2, 4) for _ in "ab"]
