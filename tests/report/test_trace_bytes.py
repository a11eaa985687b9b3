"""A trace is the same to the byte, however it is made faster."""

from hashlib import sha256

import pytest

from accelsim.machines.eie.reference.array import run
from accelsim.machines.trace import BINARY, FORMATS
from tests.report.test_trace import case_with, written

# As of the commit that writes times of the machine's clock; the text's legend names bitmaps since.
DIGESTS = {
    "vcd": "205b880f6f4a7383", "perfetto": "c87d44fc7d54467c", "text": "258bdcc64ba51fa4",
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_trace_is_as_it_was_byte_for_byte(kind):
    case = case_with()
    got = written(kind, case, lambda trace: run(case.config, case.job, observer=trace))
    if kind == "vcd":  # the header names the version
        got = got[got.index("$scope"):]
    assert sha256(got if kind in BINARY else got.encode()).hexdigest()[:16] == DIGESTS[kind]
