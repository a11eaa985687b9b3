"""Study files: what they may say, and one line for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import AccelsimError, ConfigError
from accelsim.study import Study, load_study
from accelsim.study.axes import parse_axis


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ([3, 1, 2], (3, 1, 2)),
        (["check", "ignore"], ("check", "ignore")),
        ({"from": 1, "to": 4}, (1, 2, 3, 4)),
        ({"from": 1, "to": 10, "step": 4}, (1, 5, 9)),
        ({"from": 0.1, "to": 0.3, "step": 0.1}, (0.1, 0.2, 0.3)),
        ({"from": 5, "to": 5}, (5,)),
        ({"powers_of_two": [1, 256]}, (1, 2, 4, 8, 16, 32, 64, 128, 256)),
        ({"powers_of_two": [3, 17]}, (4, 8, 16)),
    ],
)
def test_an_axis_holds_its_values(spec: object, values: tuple[object, ...]) -> None:
    assert parse_axis("axis", spec).values == values


def test_a_range_without_a_step_is_continuous() -> None:
    axis = parse_axis("axis", {"from": 0.25, "to": 1})
    assert axis.values == ()
    assert [axis.at(u) for u in (0.0, 0.5)] == [0.25, 0.625]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (64, "need a list, {from, to, step}"),
        ([], "is empty"),
        ([1, 2, 1], "holds 1 twice"),
        ([[1]], "[1] is not a number"),
        ([float("nan")], "not a finite number"),
        ({"from": 1}, "'to' is missing"),
        ({"from": 1, "too": 2}, "unknown key 'too'; did you mean 'to'?"),
        ({"from": 2, "to": 1}, "need from <= to"),
        ({"from": 1, "to": 2, "step": 0}, "step > 0"),
        ({"from": "1", "to": 2}, "from is '1'; need a finite number"),
        ({"from": 0, "to": 10_000_000}, "10000001 values; at most"),
        ({"powers_of_two": [0, 8]}, "need [low, high] alone"),
        ({"powers_of_two": [5, 7]}, "no power of two from 5 to 7"),
        ({"powers_of_two": [1, 8], "step": 2}, "need [low, high] alone"),
    ],
)
def test_a_wrong_axis_is_one_line(spec: object, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_axis("here", spec)
    assert str(caught.value).startswith("here")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


GOOD = 'workloads = ["nt-we"]\n[axes]\nn_pe = [1, 2]\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("workloads = [", "not valid TOML"),
        ("[axes]\nn_pe = [1]", "'workloads' is missing"),
        ("workloads = []", "workloads is ()"),
        ('workload = ["nt-we"]', "unknown key 'workload'; did you mean 'workloads'?"),
        ('workloads = ["nt-we"]\nseed = "1"', "seed is '1'"),
        ('workloads = ["nt-we"]\nseed = -1', "seed is -1"),
        ('workloads = ["nt-we"]\nfixed = 1', "unknown key 'fixed'"),
        ('workloads = ["nt-we"]\nmachine = "eye"', "eye: no such machine or file"),
        ('workloads = ["nt-we"]\nset = 1', "need a table of parameters"),
        (GOOD.replace("n_pe", "n_pee"), "unknown parameter 'n_pee'; did you mean 'n_pe'?"),
        (GOOD + "recipe.densty = [0.1]", "unknown parameter 'recipe.densty'; did you mean"),
        (GOOD + "recipe.density = [2.0]", "density is 2.0"),
        (GOOD + "act_queue_depth = [0]", "act_queue_depth is 0"),
        (GOOD + "bypass = [1]", "bypass is 1"),
        (GOOD + "recipe.weight_bits = [4]\nweight_bits = [4]", "weight_bits is given twice"),
        (GOOD + "[set]\nn_pe = 4", "n_pe is in [set] and in [axes]"),
        (GOOD + "[set]\nclock_mhz = 0", "clock_mhz is 0"),
        (GOOD + "clock_mhz = {from = 1.0, to = 2.0}", "axis clock_mhz has no step"),
        ('metrics = ["time"]\n' + GOOD, "unknown metric 'time'"),
        ('sampling = "sobol"\n' + GOOD, "need the number of designs"),
        ("n = 4\n" + GOOD, "a grid takes no n"),
        ('sampling = "latin"\n' + GOOD, "sampling is 'latin'"),
    ],
)
def test_a_wrong_study_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(AccelsimError) as caught:
        load_study(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_study_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_study(tmp_path / "none.toml")


def test_values_that_only_go_together_pass_alone() -> None:
    # 8 + 4 bits do not fit a line of 8 bits, but 4 + 4 do; that is found out point by point.
    Study(workloads=["nt-we"], set={"spmat_width_bits": 8}, axes={"weight_bits": [4, 8]})


def test_settings_replace_what_the_file_says() -> None:
    study = Study(workloads=["nt-we"], axes={"n_pe": [1, 2], "act_queue_depth": [1, 2]})
    changed = study.with_settings(
        {"n_pe": 4, "act_queue_depth": [8], "recipe.weight_bits": 5, "seed": 7}
    )
    assert changed.fixed == {"n_pe": 4, "weight_bits": 5}
    assert {key: axis.values for key, axis in changed.axes.items()} == {"act_queue_depth": (8,)}
    assert (changed.seed, study.seed) == (7, 1)
    with pytest.raises(ConfigError, match="did you mean 'n_pe'"):
        study.with_settings({"n_pes": 4})


def test_the_machine_may_be_a_file_beside_the_study(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('machine = "eie"\nact_queue_depth = 5\n')
    path = tmp_path / "study.toml"
    path.write_text('machine = "mine.toml"\n' + GOOD)
    assert load_study(path).base_config().act_queue_depth == 5


def test_a_folder_may_be_text(tmp_path):
    made = Study(workloads=["alex-7"], folder=str(tmp_path))
    assert made.folder == tmp_path
