"""The benches meet every situation that the contract speaks of, on the RTL's own traces."""

from tests.rtl.coverage_run import measured


def test_every_bin_is_hit():
    coverage = measured()
    print(coverage.report())
    assert not coverage.missed, coverage.report()
