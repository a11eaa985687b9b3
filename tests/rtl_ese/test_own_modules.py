"""A PE or a channel of one's own in the place of ours (``--rtl-dir``): what is compared of it, and
how a difference is named."""

import os
import re
import subprocess
import sys

import pytest

from accelsim.machines.ese.rtl import RTL as ESE
from accelsim.rtl_bridge import cosim
from tests.rtl_ese.bench import BUILDS, RTL
from tests.rtl_ese.cases import random_case


@pytest.fixture
def mine(tmp_path):
    """Puts a changed copy of a module into a folder of its own."""
    def put(module, *changes):
        text = (RTL / "ese" / f"{module}.v").read_text()
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (tmp_path / f"{module}.v").write_text(text)
        return [tmp_path, RTL]
    return put


def test_a_pe_that_tells_nothing_is_compared_by_what_it_does(mine):
    """Its part of the trace is left out by name; outputs, cycles, counters and all else are not."""
    config, job = random_case(1)
    folders = mine("ese_pe", ("if (Trace != 0)", "if (0)"),
                   ("assign trace_o = {TraceBits{1'b0}};", "assign trace_o = {TraceBits{1'bx}};"))
    report = cosim(config, job, folders, BUILDS)
    assert report.equal
    parameters = ESE.parameters(config, [(job, None)], trace=True)
    assert set(report.not_compared) == {name for name, _ in parameters.pe_trace_fields()}


FAULTS = {
    "ese_pe": (".first_i(s1_first)", ".first_i(1'b0)",
               r"cycle \d+, step 0 STATE_1\.\d, channel \d PE \d arith_unit\.\w+: expected"),
    "channel": (".start_i(add_start_i)", ".start_i(mul_start_i)",
                r"cycle \d+, step 0 STATE_\d\.\d, channel\[\d\]\.adder_tree\.\w+: expected"),
}


@pytest.mark.parametrize("module", FAULTS)
def test_a_difference_is_named_by_slot_cycle_channel_unit_and_signal(mine, module):
    old, new, told = FAULTS[module]
    config, job = random_case(1)
    report = cosim(config, job, mine(module, (old, new)), BUILDS)
    assert re.match(told, report.told), report.told


def test_from_the_command_line(mine, tmp_path):
    folder, _ = mine("channel", (".start_i(collect_i)", ".start_i(1'b0)"))
    done = subprocess.run(
        [sys.executable, "-m", "accelsim", "cosim", "random:6x5:density=0.5:activations=1.0", "-m",
         "ese", "--set", "n_pe=2", "--set", "n_channels=1", "--set", "elementwise_width=1",
         "--rtl-dir", str(folder), "--build-dir", str(tmp_path / "builds")],
        capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 1, done.stderr
    assert "channel[0].assemble.busy: expected 0x1, got 0x0" in done.stdout
