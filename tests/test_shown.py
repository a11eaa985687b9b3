"""Records in one line, and as tables of notebooks."""

import xml.dom.minidom

import numpy as np
import pytest

import accelsim
from accelsim.compression import compression_table
from accelsim.formats import build_image
from accelsim.machines import machine_names, machine_of
from accelsim.network import network_job
from accelsim.workload import load_network
from accelsim.workload.recurrent_folder import load_recurrent_folder

HOSTILE = "<b>&[bold]\n\x1b[31m"


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(0)
    config = accelsim.load_machine("eie", n_pe=4)
    layer = accelsim.Layer(rng.random((64, 64)), np.ones(64, np.float32), name=HOSTILE)
    packed = accelsim.compress(layer, accelsim.Recipe(density=0.2))
    result = accelsim.simulate(config, packed, layer.activations)
    untold = accelsim.simulate(config, packed, layer.activations, outputs=False)
    folder = load_recurrent_folder("traces/silero-lstm")
    return {
        "config": config, "layer": layer, "packed": packed, "result": result,
        "counters": result.counters, "untold": untold, "some": untold.counters,
        "energy": result.energy, "table": compression_table([packed]),
        "image": build_image(packed, 4), "machine": machine_of(config),
        "job": network_job(config, [packed], layer.activations, 0),
        "network": load_network("traces/lenet-300-100/pruned.safetensors"),
        "folder": folder, "recurrent": folder.layers()["dense"], "matrix": packed.matrix,
    }


def test_a_record_is_one_short_line(records):
    for name, record in records.items():
        line = repr(record)
        assert len(line) <= (700 if name == "config" else 400), name  # it names every value
        assert line.isprintable(), name
        assert line.startswith(type(record).__name__), name
    assert "64 x 64 float64" in repr(records["layer"])
    assert f"cycles={records['counters'].cycles}" in repr(records["counters"])


@pytest.mark.parametrize("name", ["config", "result", "counters", "untold", "some", "energy",
                                  "table"])
def test_a_table_in_a_notebook(name, records):
    page = records[name]._repr_html_()
    cells = xml.dom.minidom.parseString(page).getElementsByTagName("td")
    assert len(cells) > 6
    assert "<b>" not in page


def test_tables_hold_the_values(records):
    result = records["result"]
    assert f"{result.cycles:,}" in result._repr_html_()
    for name, total in result.counters.totals().items():
        assert f"<td style=\"text-align: left\">{name}</td>" in result.counters._repr_html_()
        assert f">{total:,}</td>" in result.counters._repr_html_()


@pytest.mark.parametrize("machine", ["eie", "ese", "bbs"])
def test_every_machine_s_configuration_is_a_table(machine):
    config = accelsim.load_machine(machine)
    assert machine in machine_names()
    assert all(key in config._repr_html_() for key in type(config).model_fields)
