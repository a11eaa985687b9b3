"""The notebooks as committed: text and outputs belong together, ran from top to bottom, no error.

They are executed by `make notebooks`; this needs no Jupyter.
"""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path("notebooks")
TEXTS = sorted(FOLDER.glob("*.py"))


def cells_of_text(path):
    """(kind, source) of each cell of a jupytext percent file, its header left out."""
    text = path.read_text("utf-8").split("\n# ---\n", 1)[1]
    found = []
    for part in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        source = body.strip("\n")
        if "[markdown]" in head:
            found.append(("markdown", re.sub(r"^# ?", "", source, flags=re.MULTILINE)))
        else:
            found.append(("code", re.sub(r"^# (%\w)", r"\1", source, flags=re.MULTILINE)))
    return found


def notebook(path):
    return json.loads(path.with_suffix(".ipynb").read_text("utf-8"))


def test_every_notebook_is_here():
    assert [path.stem for path in TEXTS] == [
        "10_your_own_network", "1_first_look", "2_pe_sweep", "3_energy", "4_compression",
        "5_published", "6_rtl", "7_my_lstm_on_ese", "8_cnn_on_fc", "9_number_systems",
    ]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_text_and_notebook_are_the_same(path):
    stored = [(c["cell_type"], "".join(c["source"])) for c in notebook(path)["cells"]]
    assert stored == cells_of_text(path), f"run: jupytext --to ipynb --execute {path}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_ran_from_top_to_bottom_without_error(path):
    cells = [c for c in notebook(path)["cells"] if c["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]
    assert any("image/png" in o.get("data", {}) for o in outputs), "a notebook ends in figures"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_opens_with_a_title_and_explains_itself(path):
    cells = cells_of_text(path)
    assert cells[0][0] == "markdown"
    assert cells[0][1].startswith("# ")
    words = sum(len(source.split()) for kind, source in cells if kind == "markdown")
    assert words > 80


def test_cells_are_read_as_jupyter_would(tmp_path):
    text = ("# ---\n# x: y\n# ---\n\n# %% [markdown]\n# # Title\n#\n# Words.\n\n"
            "# %%\n# %matplotlib a\nx = 1\n")
    path = tmp_path / "n.py"
    path.write_text(text)
    assert cells_of_text(path) == [
        ("markdown", "# Title\n\nWords."), ("code", "%matplotlib a\nx = 1")
    ]
