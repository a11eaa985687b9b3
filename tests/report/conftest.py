"""Fixtures of the tests of traces."""

import pytest

from tests.report.machine_runs import MADE


@pytest.fixture(params=MADE)
def run_of(request):
    """(config, job) of a small run of each machine."""
    return MADE[request.param]()
