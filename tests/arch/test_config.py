"""Machine files: every published value has a source, every mistake is one line."""

import pytest

from accelsim.errors import ConfigError
from accelsim.machines import EieConfig, load_config, parse_setting, published_sources


def test_the_published_machine():
    eie = load_config("eie")
    # EIE (ISCA 2016): Table II, sections III, IV and VI.
    assert (eie.n_pe, eie.clock_mhz, eie.act_queue_depth) == (64, 800.0, 8)
    assert (eie.spmat_kb, eie.pointer_kb, eie.act_sram_kb) == (128.0, 32.0, 2.0)
    assert eie.entries_per_line == 8  # 64-bit line of 4 + 4 bits
    assert eie.spmat_entries == 131_072  # "131K" weights a PE
    assert eie.pointer_words == 16_384
    assert eie.act_sram_words == 1024
    assert eie.batch_size == 4096  # "4K-long vectors"


def test_every_value_has_a_source():
    sources = published_sources("eie")
    assert set(sources) == set(EieConfig.model_fields)
    assert all(len(text) > 2 for text in sources.values())


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"n_pe": 0}, "n_pe"),
        ({"n_pe": 4097}, "n_pe"),
        ({"n_pe": 2.5}, "n_pe"),
        ({"n_pe": "many"}, "n_pe"),
        ({"n_pe": True}, "n_pe"),
        ({"act_queue_depth": 0}, "act_queue_depth"),
        ({"act_queue_depth": 4097}, "act_queue_depth"),
        ({"weight_bits": 1}, "weight_bits"),
        ({"index_bits": 9}, "index_bits"),
        ({"spmat_width_bits": 4}, "spmat_width_bits"),
        ({"spmat_width_bits": 8, "weight_bits": 8}, "less than one entry"),
        ({"clock_mhz": -1.0}, "clock_mhz"),
        ({"clock_mhz": float("nan")}, "clock_mhz"),
        ({"bypass": "yes"}, "bypass"),
        ({"capacity": "maybe"}, "capacity"),
        ({"row_change_cycles": 2}, "row_change_cycles"),
        ({"act_queue_dept": 4}, "did you mean 'act_queue_depth'"),
        ({"machine": "ese2"}, "machine"),
    ],
)
def test_bad_values_are_one_line(overrides, told):
    with pytest.raises(ConfigError, match=told) as caught:
        load_config("eie", **overrides)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("n_pe = 32", "needs machine"),
        ('machine = "eie"\nn_pee = 3', "n_pee"),
        ('machine = "eie"\nn_pe = ', "not valid TOML"),
        ('machine = "vax"', "needs machine"),
        ('machine = "eie"\n[n_pe]\nx = 1', "n_pe"),
        ("a = " + "[" * 100_000, "TOML"),
    ],
)
def test_bad_files_are_one_line(tmp_path, text, told):
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told) as caught:
        load_config(path)
    assert "\n" not in str(caught.value)
    assert "my.toml" in str(caught.value)


def test_files_keep_published_values_and_take_overrides(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text('machine = "eie"\nn_pe = 12\nclock_mhz = 500\n')
    config = load_config(path, act_queue_depth=3)
    assert (config.n_pe, config.clock_mhz, config.act_queue_depth) == (12, 500.0, 3)
    assert config.spmat_kb == 128.0


@pytest.mark.parametrize("where", ["no/such.toml", "ei"])
def test_missing_files_are_named(where):
    with pytest.raises(ConfigError, match="no such machine or file"):
        load_config(where)


def test_binary_and_directory(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe\x00")
    for bad in (path, tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_config(bad)


def test_settings():
    assert parse_setting("n_pe=32") == ("n_pe", 32)
    assert parse_setting("bypass = false") == ("bypass", False)
    assert parse_setting("capacity=ignore") == ("capacity", "ignore")
    for bad in ("n_pe", "=3", "n_pe="):
        with pytest.raises(ConfigError, match="KEY=VALUE"):
            parse_setting(bad)
