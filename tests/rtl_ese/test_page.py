"""rtl/ese/README.md and rtl/ese/PORTS.md are what the Verilog says and does."""

import re

from rtl.formal.prove import ESE, load_proofs
from tests.rtl_ese.mutation import UNITS, planted
from tests.rtl_ese.readme_tables import MODULES, PORTS, README, charts, ports_page

HINT = "run: python -m tests.rtl_ese.readme_tables"


def test_generated_parts_are_up_to_date():
    text = README.read_text()
    made = charts()
    assert all(chart in text for chart in made.values()), HINT
    wrong = text.replace("control.broadcast_idle     .", "control.broadcast_idle     1", 1)
    assert wrong != text
    assert not all(chart in wrong for chart in made.values())
    assert PORTS.read_text() == ports_page(), HINT


def generated(name):
    """The rows of a table of the page."""
    _, _, rest = README.read_text().partition(f"<!-- {name}: begin -->\n")
    return rest.partition(f"<!-- {name}: end -->")[0].splitlines()[2:]


def test_the_table_of_proofs_is_that_of_todays_list():
    """Their seconds are those of the run that wrote it."""
    rows = [re.sub(r" [\d.]+ \|$", "", line) for line in generated("proofs")]
    assert rows == [proof.row() for proof in load_proofs(ESE)]


def test_the_table_of_mutants_is_of_todays():
    """Every unit is there, no mutant survives without a reason, 95 % are seen; of some units the
    rows are samples."""
    *rows, (name, planted_in_all, wrong, seen, same, _) = (
        line.strip("| ").replace(",", "").split(" | ") for line in generated("mutation"))
    assert name == "all"
    assert [row[0] for row in rows] == sorted(UNITS)
    for unit, planted_there, *_ in rows:
        assert 0 < int(planted_there) <= len(planted(unit))
    counted = int(planted_in_all) - int(wrong)
    assert int(seen) + int(same) == counted
    assert int(seen) >= 0.95 * counted


def test_every_module_stands_in_the_block_diagram_or_its_table():
    text = README.read_text()
    assert [name for name in MODULES if name not in text and name != "ese_ptr_read"] == []
