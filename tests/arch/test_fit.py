"""Sizes that follow the workload: they hold it, the next smaller ones do not."""

from pathlib import Path

import numpy as np
import pytest

import accelsim
from accelsim.compression.prepare import prepare
from accelsim.energy.sram import load_sram_table, table_step
from accelsim.errors import CapacityError, ConfigError
from accelsim.machines import get_machine, load_machine, machine_of
from accelsim.records.recurrent import RecurrentLayer
from accelsim.study import Results, load_study, sweep
from tests.study.tiny import study_file

WORDS = {"spmat_kb": "fit", "pointer_kb": "fit", "pointer_bits": "fit", "act_sram_kb": "fit"}
LAYERS = [accelsim.load_layer(f"random:{shape}:density=0.3:activations=0.5")
          for shape in ("60x80", "200x60", "400x200")]
PACKED = [accelsim.compress(layer) for layer in LAYERS]
STEPS = sorted({size for size, _ in load_sram_table().points})


def sized(works, **overrides):
    config = accelsim.load_config("eie", **{"n_pe": 2, **WORDS, **overrides})
    return machine_of(config).fitted(config, works)


def runs(config, index):
    accelsim.simulate(config, PACKED[index], LAYERS[index].activations, outputs=False)


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("overrides", [{}, {"regfile_depth": "fit"}, {"regfile_depth": 7}])
def test_the_sizes_hold_the_layer_and_smaller_ones_do_not(index, overrides):
    config = sized([PACKED[index]], **overrides)
    runs(config, index)
    for kb in (config.spmat_kb, config.pointer_kb / 2, config.act_sram_kb):
        assert kb in STEPS
    for key in ("spmat_kb", "pointer_kb", "act_sram_kb"):
        value = getattr(config, key)
        if value > STEPS[0] * (2 if key == "pointer_kb" else 1):
            with pytest.raises(CapacityError, match=key):
                runs(config.model_copy(update={key: value / 2}), index)
    if config.pointer_bits > 4:
        with pytest.raises(CapacityError, match="pointer_bits"):
            runs(config.model_copy(update={"pointer_bits": config.pointer_bits - 1}), index)
    if overrides.get("regfile_depth") == "fit":
        out, inputs = LAYERS[index].shape
        assert config.regfile_depth == max(-(-out // 2), -(-inputs // 2))


def test_several_layers_take_the_largest_need_or_the_sum():
    alone = [sized([work]) for work in PACKED]
    largest = sized(PACKED)
    for key in WORDS:
        assert getattr(largest, key) == max(getattr(config, key) for config in alone)
    together = sized(PACKED, spmat_kb="fit_all", pointer_bits="fit_all")
    job = [get_machine("eie").job(config, work, layer.activations)
           for config, work, layer in zip(alone, PACKED, LAYERS, strict=True)]
    entries = [int(each.image.max_entries) for each in job]
    assert together.pointer_bits == sum(entries).bit_length()
    lines = sum(-(-count // 8) for count in entries)
    assert together.spmat_kb == table_step(lines * 8 / 1024)


def test_a_run_says_its_sizes_and_prices_them():
    config = accelsim.load_config("eie", n_pe=2, **WORDS)
    result = accelsim.simulate(config, PACKED[0], LAYERS[0].activations)
    assert result.config == sized([PACKED[0]])
    assert result.feasible
    given = accelsim.simulate(result.config, PACKED[0], LAYERS[0].activations)
    assert (result.energy.total_pj, result.cycles) == (given.energy.total_pj, given.cycles)
    chain = [PACKED[0], accelsim.compress(accelsim.load_layer(
        "random:300x60:density=0.3:activations=1"))]
    both = accelsim.simulate_network(config, chain, LAYERS[0].activations)[0]
    assert both[0].config == both[1].config == sized(chain)


def test_words_where_no_work_is_known_are_one_line():
    config = accelsim.load_config("eie", spmat_kb="fit")
    with pytest.raises(ConfigError, match="spmat_kb still to be sized"):
        get_machine("eie").job(config, PACKED[0], LAYERS[0].activations)
    for overrides in ({"spmat_kb": "fits"}, {"n_pe": "fit"}):
        with pytest.raises(ConfigError):
            accelsim.load_config("eie", **overrides)
    wide = accelsim.compress(accelsim.load_layer("random:70000x4:density=0.5:activations=1"))
    with pytest.raises(ConfigError, match="regfile_depth is sized to 70000, beyond its range"):
        sized([wide], n_pe=1, regfile_depth="fit")


def test_ese_holds_its_largest_matrix():
    layer = accelsim.load_layer("random:64x96:density=0.5:activations=1")
    work = prepare(layer, (RecurrentLayer,), accelsim.Recipe(values="linear", weight_bits=12))
    inputs = np.ones((1, 1, 96))
    words = {"weight_buffer_kb": "fit", "pointer_buffer_kb": "fit", "pointer_bits": "fit"}
    config = load_machine("ese", n_pe=2, elementwise_width=2, **words)
    result = accelsim.simulate(config, work, inputs)
    assert result.feasible
    used = result.config
    with pytest.raises(CapacityError, match="weight_buffer_kb"):
        accelsim.simulate(used.model_copy(update={"weight_buffer_kb": used.weight_buffer_kb / 2}),
                          work, inputs)
    with pytest.raises(ConfigError, match="none stays"):
        accelsim.simulate(load_machine("ese", weight_buffer_kb="fit_all"), work, inputs)


def test_a_capacity_error_names_every_memory_with_sizes_that_do():
    with pytest.raises(CapacityError) as caught:
        runs(accelsim.load_config("eie", n_pe=2, spmat_kb=0.5, pointer_bits=8, pointer_kb=0.1,
                                  act_sram_kb=0.1, regfile_depth=20), 2)
    words = str(caught.value).replace(",", " ").split()
    sizes = dict(word.split("=") for word in words if "=" in word and word.split("=")[0] in WORDS)
    assert sizes.keys() == WORDS.keys()
    numbers = {key: int(value) if key == "pointer_bits" else float(value)
               for key, value in sizes.items()}
    runs(accelsim.load_config("eie", n_pe=2, regfile_depth=20, **numbers), 2)


def test_a_study_sizes_a_design_to_all_of_its_layers(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path)).with_settings(
        {"pointer_bits": ["fit", 16], "n_pe": 2, "act_queue_depth": 8, "spmat_width_bits": 64})
    sweep(study, tmp_path / "r.sqlite")
    with Results(tmp_path / "r.sqlite") as results:
        rows = list(results.rows())
    assert [row["error"] for row in rows] == [None] * 4
    area = {(row["pointer_bits"], row["workload"]): row["area_mm2"] for row in rows}
    assert area["fit", "tiny.npz:a"] == area["fit", "tiny.npz:b"] < area[16, "tiny.npz:a"]
    assert sweep(study, tmp_path / "r.sqlite").done == 0
    fewer = study.with_settings({"workloads": ["tiny.npz:b"]})
    assert sweep(fewer, tmp_path / "r.sqlite").done == 1  # another size: another design


@pytest.mark.slow
def test_a_large_projection_is_priced_with_memories_that_hold_it():
    """4096 x 14336 at half density on 64 PEs: "ignore" prices 128 KB for 449."""
    layer = accelsim.load_layer("random:4096x14336:density=0.5:activations=0.3")
    packed = accelsim.compress(layer)
    ignored, fits = (accelsim.simulate(accelsim.load_config("eie", **overrides), packed,
                                       layer.activations, outputs=False)
                     for overrides in ({"capacity": "ignore"}, WORDS))
    assert (ignored.feasible, fits.feasible) == (False, True)
    assert {limit.what for limit in ignored.limits} == {
        "SpMat SRAM", "pointer width", "pointer SRAM", "register files"}
    assert ignored.energy.total_mm2 == pytest.approx(40.8, rel=0.01)
    assert fits.energy.total_mm2 > 3 * ignored.energy.total_mm2
    assert fits.energy.total_uj > 1.4 * ignored.energy.total_uj
