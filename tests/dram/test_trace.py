"""The trace for Ramulator 2: lines as its parser takes them, and the requests of the run."""

import re
import sys

import numpy as np
import pytest

import accelsim
from accelsim.cli import main
from accelsim.dram import load_part
from accelsim.machines.trace import requests
from tests.contracts.oracle_refill import Refills
from tests.contracts.test_engines_agree import edge_case

PLACE = ["trace", "random:60x80:density=0.4:activations=0.5", "--set", "n_pe=4", "--set",
         "spmat_kb=0.25", "--set", "capacity=stream", "-f", "ramulator"]


def run(monkeypatch, *arguments):
    """Exit status of one command line."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
    with pytest.raises(SystemExit) as leave:
        main()
    return leave.value.code


@pytest.mark.parametrize("refill", ["all", "active"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_line_a_burst(tmp_path, monkeypatch, refill, channels):
    out = tmp_path / "loads.trace"
    assert run(monkeypatch, *PLACE, "-o", out, "--set", "dram=ddr3-1600", "--set",
               f"refill={refill}", "--set", f"dram_channels={channels}") == 0
    lines = out.read_text().splitlines()
    assert all(re.fullmatch(r"LD 0x[0-9a-f]+", line) for line in lines)
    addresses = [int(line.split()[1], 16) for line in lines]
    assert all(address % 64 == 0 for address in addresses)
    assert addresses == sorted(set(addresses))
    layer = accelsim.load_layer(PLACE[1])
    config = accelsim.load_machine("eie", n_pe=4, spmat_kb=0.25, capacity="stream", refill=refill,
                                   dram="ddr3-1600", dram_channels=channels)
    counters = accelsim.simulate(config, accelsim.compress(layer), layer.activations).timed
    assert len(lines) == channels * counters.refill_bursts


def test_the_addresses_are_the_oracle_s():
    case = edge_case("active columns from DRAM behind passes")
    oracle, size = Refills(case.config, case.job), load_part("ddr3-1600").burst_bits // 8
    want = []
    for number in range(len(case.job.plan)):
        for bits, first in oracle.active(number):
            bursts = np.arange(first, first - (-bits // (2 * size * 8)))
            want += [2 * size * b + lane * size for b in bursts.tolist() for lane in (0, 1)]
    assert list(requests(case.config, case.job)) == want


@pytest.mark.parametrize(("more", "told"), [
    ((), "dram is 'none'"), (("--set", "dram=hbm2", "--set", "spmat_kb=128"), "resident"),
    (("-m", "ese"), "spmat_kb")])
def test_runs_without_requests_are_told(tmp_path, capsys, monkeypatch, more, told):
    assert run(monkeypatch, *PLACE, "-o", tmp_path / "x", *more) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
