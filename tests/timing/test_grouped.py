"""Sums of one vector by groups of 64 rows, against those one by one, and against Python's."""

import numpy as np
import pytest

from accelsim.kernels import groups
from accelsim.machines.eie.fast import grouped_sums
from accelsim.machines.eie.fast.run import run
from tests.timing.test_narrow import CASES, job_of

pytestmark = pytest.mark.skipif(not groups.AVAILABLE, reason="this machine does not spread bytes")
MORE = {
    "some rows": {}, "three groups": {"group": (5, 130)},
    "nothing is active": {"active": 0.0}, "all in one column": {"density": 1.0, "group": (1, 65)},
    "16 codes": {"group": (4, 200), "density": 0.9, "bias": "column"},
}


@pytest.mark.parametrize("changed", (CASES | MORE).values(), ids=CASES | MORE)
def test_a_vector_is_as_one_by_one(changed, monkeypatch):
    config, job = job_of(changed)
    added = []
    add = grouped_sums.add_columns

    def counted(*given):
        added.append((add(*given), len(given[1])))
        return added[-1][0]

    monkeypatch.setattr(grouped_sums, "_FEW", 0)
    monkeypatch.setattr(grouped_sums, "_BEFORE", 0)
    monkeypatch.setattr(grouped_sums, "add_columns", counted)
    for index in (0, job.n_vectors // 2):
        vector = job.vector_job(index)
        told = run(config, vector)
        with monkeypatch.context() as patch:
            patch.setattr(grouped_sums, "fits", lambda *given: False)
            other = run(config, vector)
        assert told.outputs.tolist() == other.outputs.tolist()
        assert told.operations == other.operations
    assert len(added) == 2
    assert told.operations["saturations"] == 0 or any(done < n for done, n in added)


def test_an_image_is_grouped_when_it_is_run_again():
    config, job = job_of({"density": 0.9, "group": (5, 130)})
    image = job.one.image
    fits = [grouped_sums.fits(image, 16, config.accumulator_bits) for _ in range(3)]
    assert fits == [False, True, True]
    assert not grouped_sums.fits(image, 17, config.accumulator_bits)
    assert not grouped_sums.fits(image, 16, 17)


def test_codes_are_grouped_by_ascending_rows():
    _, job = job_of(MORE["three groups"])
    matrix = job.one.image.nonzeros
    masks, codes = grouped_sums._grouped(job.one.image)
    for column in range(len(matrix.column_starts) - 1):
        begin, end = matrix.column_starts[column], matrix.column_starts[column + 1]
        rows = matrix.rows[begin:end]
        order = np.argsort(rows)
        flags = [int(mask) >> i & 1 for mask in masks[column] for i in range(64)]
        assert np.flatnonzero(flags).tolist() == rows[order].tolist()
        assert codes[begin:end].tolist() == matrix.codes[begin:end][order].tolist()
