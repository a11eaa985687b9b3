"""Lowerings of whole networks: rows are what the machine runs, products what shapes and densities
say."""

from __future__ import annotations

from math import prod

import pytest

import accelsim
from accelsim.papers.lowerings import LoweredLayer, lowered_layers, table_rows
from accelsim.workload.graph_networks import layer_shapes
from tests.documents import DOCUMENTS
from tests.networks.test_run import command

PAGE = next(d for d in DOCUMENTS if d.name == "accelsim/papers/README.md")
# Quick ones of each table, with every kind of refusal.
FEW = {"resnet-50": ["layer4.0.conv1", "fc"], "squeezenet": ["fire9/squeeze1x1"],
       "alexnet": ["conv5"]}


@pytest.mark.parametrize("network", [n for n in FEW if f"lowerings-{n}" in PAGE.tables])
def test_rows_of_the_page_are_what_runs_say(network):
    told = PAGE.tables[f"lowerings-{network}"].splitlines()
    for row in table_rows(lowered_layers(network, FEW[network]))[:-1]:
        assert "| " + " | ".join(row) + " |" in told


def test_a_row_is_what_the_machine_runs():
    """Cycles of `simulate`, and products as many as pairs of non-zeros meet (an oracle of its
    own: a loop over the kernel)."""
    (found,) = lowered_layers("alexnet", ["conv4"])
    shape = next(s for s in layer_shapes("alexnet") if s.name == "conv4")
    layer = next(one for one in accelsim.load_network("alexnet").layers if one.name == "conv4")
    config = accelsim.load_machine("eie", capacity="ignore")
    with pytest.warns(accelsim.LossWarning):
        packed = accelsim.compress(layer)
    run = accelsim.simulate(config, packed, layer.activations, outputs=False)
    assert found.cycles["im2col"] == run.cycles
    assert found.macs["im2col"] == found.macs["shifted"] == run.counters.macs.sum()
    expected = prod(shape.shape) * prod(shape.geometry.output_size(*shape.input_shape[1:]))
    expected *= shape.weight_density * shape.input_density
    # Zeros of the padding: a pixel at the edge sees 6 of 9, one in a corner 4.
    inside = ((13 * 3 - 2) / (13 * 3)) ** 2
    assert found.macs["im2col"] == pytest.approx(expected * inside, rel=0.02)
    assert found.cycles["pixels"] == "384 rows, 64 PEs"
    assert found.utilisation("im2col") == found.macs["im2col"] / (run.cycles * 64)


def test_sums_and_choices_of_a_table():
    layers = [LoweredLayer("n", "a", (8, 1), {"im2col": 3000, "pixels": 1000},
                           {"im2col": 6400, "pixels": 6400}),
              LoweredLayer("n", "b", (8, 8), {"vector": 500}, {"vector": 3200})]
    rows = table_rows(layers)
    assert rows[0][2:] == ("3.0", "", "", "1.0", "pixels", "3.3", "10.0")
    assert rows[1][2:] == ("0.5", "", "", "", "vector", "10.0", "10.0")
    assert rows[2][6] == "1.5"
    assert rows[2][7:] == ("4.3", "10.0")


def test_the_command_refuses(capsys, monkeypatch):
    for arguments, words in ((["networks", "--by-lowering", "alexnett"], "did you mean 'alexnet'"),
                             (["ese", "--by-lowering", "alexnet"], "is for networks, not ese")):
        status, out, err = command(capsys, monkeypatch, "published", *arguments)
        assert (status, out) == (2, "")
        assert words in err
