"""Files of studies: the study, its results, the journal of a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

GOALS = (("time_us", "minimize"), ("energy_uj", "minimize"))


def make_study(folder: Path) -> list[Path]:
    text = """\
machine = "eie"
workloads = ["nt-we", "alex-7"]
seed = 3
metrics = ["cycles", "load_balance"]
sampling = "random"
n = 4

[set]
capacity = "ignore"

[axes]
n_pe = [1, 2, 4]
act_queue_depth = {from = 1, to = 9, step = 4}
recipe.density = [0.1, 0.2]
"""
    (folder / "study.toml").write_text(text, "utf-8")
    return [folder / "study.toml"]


def read_study(path: Path) -> None:
    from accelsim.study import load_study

    load_study(path)


def make_results(folder: Path) -> list[Path]:
    from accelsim.study import Study, sweep

    path = folder / "results.sqlite"
    sweep(Study(axes={"n_pe": [64, 128], "act_queue_depth": [1, 8]},
                workloads=("nt-we",), metrics=("cycles", "load_balance")), path, jobs=1)
    return [path]


def read_results(path: Path) -> None:
    from accelsim.study import Condition
    from accelsim.study.query import Results
    from accelsim.study.store import Store

    with Results(path) as results:
        list(results.rows())
        results.count([Condition.parse("n_pe >= 2")])
        results.varying()
        results.storage_classes()
        results.truth_values()
    with Store(path, ("cycles",)) as store:
        store.count()


def search_study(folder: Path) -> Any:
    from accelsim.study import Study

    return Study(axes={"n_pe": [64, 128], "act_queue_depth": [1, 8]}, workloads=("nt-we",))


def make_journal(folder: Path) -> list[Path]:
    from accelsim.study import Objective, explore

    store = folder / "search.sqlite"
    explore(search_study(folder), store, [Objective(*goal) for goal in GOALS], trials=4)
    return [folder / "search.sqlite.journal"]


def read_journal(path: Path) -> None:
    from accelsim.study import Objective, explore

    goals = [Objective(*goal) for goal in GOALS]
    explore(search_study(path.parent), path.with_suffix(""), goals, trials=1)
