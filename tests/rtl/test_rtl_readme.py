"""rtl/README.md and rtl/PORTS.md are what the Verilog says and does."""

import re

from rtl.formal.prove import load_proofs
from rtl.synth.synth import UNITS as SYNTHESISED
from tests.rtl.bench import ROOT, RTL, UNITS
from tests.rtl.readme_tables import MODULES, PORT, port_lines, ports, ports_page, refreshed

HINT = "run: python -m tests.rtl.readme_tables"


def test_generated_parts_are_up_to_date():
    text = (RTL / "README.md").read_text()
    assert refreshed(text) == text, HINT
    assert (RTL / "PORTS.md").read_text() == ports_page(), HINT


def generated(name):
    """The lines between two markers of rtl/README.md."""
    _, _, rest = (RTL / "README.md").read_text().partition(f"<!-- {name}: begin -->\n")
    return rest.partition(f"<!-- {name}: end -->")[0].splitlines()


def test_the_table_of_proofs_is_that_of_todays_list():
    """Their seconds are those of the run that wrote it."""
    rows = [re.sub(r" [\d.]+ \|$", "", line) for line in generated("proofs")[2:]]
    assert rows == [proof.row() for proof in load_proofs()]


def test_every_unit_has_its_gates():
    names = [line.split(" | ")[0].removeprefix("| ") for line in generated("area")[2:]]
    assert names == list(SYNTHESISED)
    assert all(re.search(r"\d", line) for line in generated("area")[2:])


def test_a_wrong_diagram_is_seen():
    text = (RTL / "README.md").read_text()
    wrong = re.sub(r"(spmat_read\.issue +)\.", r"\g<1>1", text, count=1)
    assert wrong != text
    assert refreshed(wrong) == text


def test_every_module_is_there_with_every_port():
    assert sorted(MODULES) == sorted(UNITS)
    for module in MODULES:
        header = "\n".join(port_lines(module))
        named = re.findall(r"\w+_(?:i|o|ni)\b", re.sub("//.*", "", header))
        assert named
        assert all(f"| `{name}` |" in ports(module) for name in named), module
        assert sum(bool(PORT.match(line)) for line in header.splitlines()) == len(named), module


def missing_models(texts):
    """(module, path) of files of the package that headers name and that are not there."""
    return [
        (module, path) for module, text in texts.items()
        for path in re.findall(r"\baccelsim/[\w/]*(?:\.py|\.md)?", text)
        if not (ROOT / path).is_file()
    ]


def test_the_models_that_headers_name_are_there():
    texts = {path.stem: path.read_text() for path in RTL.rglob("*.v")}
    assert sum("Model: accelsim/" in text for text in texts.values()) >= len(MODULES) - 5
    assert missing_models(texts) == []
    moved = {"scan": "// Model: accelsim/engines/reference, scan; contract S1."}
    assert missing_models(moved) == [("scan", "accelsim/engines/reference")]
