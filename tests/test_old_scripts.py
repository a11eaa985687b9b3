"""Scripts of version 0.1 run as they are: its calls by its names, its records by position."""

from dataclasses import fields

import numpy as np
import pytest

import accelsim
from accelsim import api
from accelsim.workload import random_layer


@pytest.fixture(scope="module")
def run():
    layer = random_layer((24, 30), 0.3, 0.5, seed=3)
    config, packed = accelsim.load_config("eie", n_pe=4), accelsim.compress(layer)
    return config, packed, layer.activations, accelsim.simulate(config, packed, layer.activations)


def test_parameters_by_their_old_names(run):
    config, packed, x, wanted = run
    for told in (accelsim.simulate(config=config, packed=packed, activations=x),
                 accelsim.simulate(config, packed, activations=x, engine="reference"),
                 accelsim.simulate_recurrent(config, layer=packed, inputs=x)):
        assert np.array_equal(told.outputs, wanted.outputs)
        assert told.counters.difference(wanted.counters) is None
    points = wanted.binary_points
    job = api.make_job(config, packed=packed, activations=x, points=points)
    assert job.frac_bits["output"] == points.output_frac_bits


def test_both_names_of_a_parameter_are_refused(run):
    config, packed, x, _ = run
    with pytest.raises(TypeError, match="'packed' is the old name of 'work'; give one of them"):
        accelsim.simulate(config, work=packed, packed=packed, inputs=x)
    with pytest.raises(accelsim.AccelsimError, match="'eie' takes no 'layer'"):  # an option
        accelsim.simulate(config, packed, x, layer=packed)


def test_counters_by_position(run):
    """In the order that they had, and without those that are new."""
    counters = run[3].counters
    named = {f.name: getattr(counters, f.name) for f in fields(counters)
             if "absent" not in f.metadata}
    values = list(named.values())
    for made in (accelsim.Counters(*values), accelsim.Counters(**named), accelsim.Counters(named),
                 accelsim.Counters(*values[:3], **dict(list(named.items())[3:]))):
        assert made.difference(counters) is None
    for odd, told in (([*values, 0], "too many values"), (values[:-1], "act_sram_writes")):
        with pytest.raises(TypeError, match=told):
            accelsim.Counters(*odd)
    with pytest.raises(TypeError, match="twice: cycles"):
        accelsim.Counters(*values, cycles=1)


def test_a_recipe_by_position():
    recipe = accelsim.Recipe(0.5, None, None, {}, "codebook", 4, 5, "density", 7, 100, 8,
                             {"fc1": {"density": 0.1}})
    assert recipe == accelsim.Recipe(
        density=0.5, index_bits=5, init="density", seed=7, max_iterations=100, permute_rows=8,
        layers={"fc1": {"density": 0.1}})
