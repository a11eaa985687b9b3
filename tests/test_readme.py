"""The documents are true: tables come from the code, links, files and chapters are there.

Their commands are run in test_readme_commands.py, their examples in test_readme_examples.py.
"""

import re
import shlex
import statistics
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import accelsim
from accelsim.machines import Machine
from accelsim.papers import NAMES as PUBLISHED
from accelsim.sources import open_work
from tests.documents import DOCUMENTS, README, ROOT, anchor, refreshed

MAX_LINES = 300
TABLES = {f"{document}:{name}": block for document in DOCUMENTS
          for name, block in document.tables.items()}
BY_NAME = {document.name: document for document in DOCUMENTS}
EIE_PAGE = BY_NAME["accelsim/machines/eie/README.md"]
PAPERS = BY_NAME["accelsim/papers/README.md"]
# A real network retrained and run under every pattern, whole networks under every lowering: half a
# minute and more. tests/paper/test_lowerings.py checks rows of the latter.
LONG = {"ese-tradeoff", "ese-sensitivity", "lowerings-alexnet", "lowerings-resnet-50",
        "lowerings-squeezenet", "lowerings-vgg-16"}
COMMANDS = sorted(set(re.findall(r"^\| `(accelsim [a-z]+)", README.text, re.MULTILINE)))


def kind(name):
    """A table's name without what it is given."""
    return name.split(":")[1].split()[0]


def slow_if(name):
    return pytest.param(name, marks=pytest.mark.slow) if kind(name) in LONG else name


@pytest.mark.parametrize("name", [slow_if(name) for name in TABLES])
def test_tables_are_what_the_code_says(name):
    block, file = TABLES[name], name.split(":")[0]
    assert refreshed(block) == block, f"run: python -m {refreshed.__module__} {file}"


def test_every_table_has_its_place():
    assert sorted({kind(name) for name in TABLES}) == [
        "codesign", "codesign-effects", "codesign-photos", "config-eie", "counters", "dram-parts",
        "eie-index-bits", "eie-indexes", "eie-others", "ese-load-balance", "ese-sensitivity",
        "ese-tradeoff", "lowerings-alexnet", "lowerings-resnet-50", "lowerings-squeezenet",
        "lowerings-vgg-16", "mnist-published", "number-systems", "pattern-machines", "speed",
        "trained-tables", "validation-eie-power", "validation-eie-times", "validation-ese"]


def test_a_wrong_table_is_seen():
    block = EIE_PAGE.tables["config-eie"]
    assert refreshed(block.replace("| 64 |", "| 65 |", 1)) == block != block.replace("64", "65")


def test_the_readme_is_short():
    assert len(README.text.splitlines()) <= MAX_LINES


def test_every_page_of_the_package_is_a_document():
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "accelsim").rglob("README.md")}
    assert pages <= set(BY_NAME)


def contents():
    return README.text.partition("## Contents\n")[2].partition("\n## ")[0]


def test_the_contents_lead_to_every_chapter_and_page():
    targets = re.findall(r"\]\(([^)]+)\)", contents())
    chapters = [f"#{anchor(chapter)}" for chapter in README.chapters if chapter != "Contents"]
    assert [target for target in targets if target.startswith("#")] == chapters
    assert {target for target in targets if not target.startswith("#")} == set(BY_NAME) - {
        "README.md"}


def test_the_chapters_are_in_order():
    wanted = ["What it is", "Two commands", "Ten lines of Python", "Your own network",
              "Your own machine", "Commands", "Validation", "Limits",
              "Design decisions and why", "Changes"]
    assert [head for head in README.chapters if head in wanted] == wanted
    for page, heads in {
        "machines": ["The Machine record", "A machine of your own",
                     "A variant with a unit of your own", "Into the package"],
        "machines/eie": ["Units and cycles", "Where a layer's cycles go", "Counters",
                         "The published machine", "The timing contract"],
        "machines/ese": ["Load balance", "Which pattern at what error", "The timing contract"],
        "machines/bbs": ["The timing contract"],
        "formats": ["Adding a format"],
        "inside": ["Explain", "Trace", "Report"],
    }.items():
        found = BY_NAME[f"accelsim/{page}/README.md"].chapters
        assert [head for head in found if head in heads] == heads


def broken_links(document):
    for target in document.links:
        file, _, chapter = target.partition("#")
        path = document.path.parent / file if file else document.path
        name = path.resolve().relative_to(ROOT).as_posix()
        if not path.exists() or (chapter and chapter not in map(anchor, BY_NAME[name].chapters)):
            yield target


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document):
    assert not list(broken_links(document))


# What stands for files of the reader's own, or that a command leaves.
OF_THE_READER = {"dense.py", "study.toml", "mine.toml", "OUT.safetensors", "accelsim-demo.svg",
                 "rtl/common/UNIT.v", "rtl/MACHINE/UNIT.v", "accelsim/units/UNIT.py",
                 "reference/UNIT.py", "tests/rtl/test_UNIT.py", "model.safetensors.index.json"}
FILE = re.compile(r"`([\w./-]+\.(?:py|md|toml|v|json|csv|safetensors)|(?:[\w-]+/)+)`")


def missing_files(document):
    """Names of files in the text that are nowhere: from the root, the package, the page's folder
    or a folder in it."""
    here = document.path.parent
    for name in FILE.findall(document.prose):
        there = any((place / name).exists() for place in (ROOT, ROOT / "accelsim", here))
        if name not in OF_THE_READER and not there and not any(here.glob(f"*/{name}")):
            yield name


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_files_that_are_named_are_there(document):
    assert not list(missing_files(document))


def test_a_broken_link_and_a_missing_file_are_seen(tmp_path, monkeypatch):
    planted = type(README)("tests/planted.md")
    vars(planted)["text"] = ("[a](../README.md#limits) [b](../README.md#limit) [c](no.md)\n"
                             "`tests/documents.py` `tests/no.py` `machines/eie/` `engines/fast/`\n")
    assert list(broken_links(planted)) == ["../README.md#limit", "no.md"]
    assert list(missing_files(planted)) == ["tests/no.py", "engines/fast/"]


def test_every_unit_of_the_table_has_its_files():
    chapter = EIE_PAGE.text.partition("## Units and cycles")[2].partition("\n#")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", chapter, re.MULTILINE)
    units = re.findall(r"`(\w+)`", " ".join(rows))
    assert len(units) == 8
    for unit in units:
        assert any(Path("rtl", place, f"{unit}.v").exists() for place in ("common", "eie"))
        places = ("accelsim/units", "accelsim/machines/eie/reference")
        assert any(Path(place, f"{unit}.py").exists() for place in places)


def test_every_part_of_the_record_is_in_its_table():
    text = BY_NAME["accelsim/machines/README.md"].text
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text, re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(rows))
    machines = [path.parent.name for path in Path("accelsim/machines").glob("*/machine.py")]
    assert sorted(named) == sorted([*machines, *(field.name for field in fields(Machine))])


def test_every_published_table_is_listed():
    rows = re.findall(r"^\| `([\w-]+)` \|", PAPERS.text, re.MULTILINE)
    assert rows == list(PUBLISHED)


def column(table, heading, nth=0):
    """The ratios of a published table, row by row, beside the rows' names."""
    lines = [line.strip("| ").split(" | ") for line in PAPERS.tables[table].splitlines()
             if line.startswith("|")]
    at = [i for i, head in enumerate(lines[0]) if head == heading][nth]
    return {line[0]: line[at].rstrip("* ") for line in lines[2:] if at < len(line) and line[at]}


def test_validation_in_short_is_the_tables_in_full():
    """The README's few numbers are those of the generated tables."""
    rows = dict(re.findall(r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", README.text.partition(
        "## Validation")[2].partition("\n## ")[0], re.MULTILINE))
    actual = column("validation-eie-times", "ratio", 1)
    del actual["alex-8 as run"]
    ratios = sorted(map(float, actual.values()))
    assert len(ratios) == 9
    outside = [ratio for ratio in ratios if abs(ratio - 1) > 0.15]
    assert rows["EIE Table IV"] == (
        f"{ratios[0]:.2f} to {ratios[-1]:.2f}, median {statistics.median(ratios):.2f}; "
        f"the {dict(enumerate(('no', 'one', 'two')))[len(outside)]} outside of 15 % have a reason")
    assert PAPERS.tables["validation-eie-times"].count("\n\\* ") == len(outside)
    assert set(column("validation-eie-times", "ratio", 2).values()) == {"1.00"}
    assert rows["EIE's simulator"] == "1.00 in every layer"
    for table, key, nth, word in (("validation-eie-power", "EIE Table II", 0, "modules"),
                                  ("validation-ese", "ESE, FPGA 2017", 1, "matrices")):
        found = column(table, "ratio", nth)
        total = found.pop("total")
        assert rows[key] == f"{total}; {word} {min(found.values())} to {max(found.values())}"


def test_the_cycles_that_the_page_of_explain_tells():
    """Ten steps of a layer of ESE on three numbers of PEs, as the text has them."""
    text = " ".join(BY_NAME["accelsim/inside/README.md"].text.split())
    found = re.search(r"on (\d+), (\d+) and (\d+) PEs a channel ten steps take "
                      r"([\d,]+), ([\d,]+) and ([\d,]+) cycles", text)
    for n_pe, told in zip(found.groups()[:3], found.groups()[3:], strict=True):
        config = accelsim.load_machine("ese", n_pe=int(n_pe))
        opened = open_work(config, "traces/silero-lstm:load_balanced/11.2")
        run = accelsim.simulate(config, opened.layers[0], opened.inputs[:10],
                                outputs=False)
        assert f"{run.cycles:,}" == told


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_table_has_help(command):
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_every_command_is_in_the_table():
    from accelsim.cli.app import app

    names = {f"accelsim {c.name or c.callback.__name__}" for c in app.registered_commands}
    assert names == set(COMMANDS)
