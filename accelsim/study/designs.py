"""Designs: a machine and a recipe, with the metrics of all layers that ran on it made one.

How a metric is combined over layers (added up, averaged, the largest) is part of the metric.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accelsim.errors import ConfigError, InputError, nearest
from accelsim.records.limits import Limit, worst
from accelsim.study.metrics import METRICS, metrics_of
from accelsim.study.query import Condition, Results, read_limits
from accelsim.study.schema import explained
from accelsim.study.store import LIMITS

_END = "\x1e"  # between the limits of two layers; JSON holds no such character
_SQL = {"sum": "sum", "mean": "avg", "max": "max"}


@dataclass(frozen=True)
class Design:
    """One machine and recipe.

    Attributes
    ----------
    settings : every parameter, ``recipe.`` in front of the compression's, and the seed
    metrics : over all layers, by name
    limits : what keeps it from being built, on any layer; None where a layer's run does not say
    """

    settings: dict[str, Any]
    metrics: dict[str, float]
    limits: tuple[Limit, ...] | None = None


def read_designs(
    results: Results, metrics: Sequence[str], conditions: Sequence[Condition] = ()
) -> tuple[list[Design], int]:
    """Designs that have run on every layer among the selected rows, and how many have not.

    Raises
    ------
    ConfigError
        If a condition names an unknown column.
    InputError
        If a metric is unknown, or rows of several versions of accelsim are selected.
    """
    for name in metrics:
        if name not in results.metrics:
            raise InputError(f"{results.path}: no metric '{name}'{nearest(name, results.metrics)}")
    where, values = results.where(conditions)
    with explained(results.path):
        how = _combines(results, metrics, where, values)
    combined = "".join(f', {_SQL[how[name]]}("{name}")' for name in metrics)
    broken = f"CASE WHEN {LIMITS} != '[]' THEN {LIMITS} END"
    told = (f", count({LIMITS}), group_concat({broken}, '{_END}')"
            if results.tells_limits else ", 0, NULL")
    complete = "".join(f' AND "{name}" IS NOT NULL' for name in metrics)
    with explained(results.path):
        db = results.connection
        layers, versions = db.execute(
            f"SELECT count(DISTINCT workload), count(DISTINCT version) FROM results WHERE {where}",
            values,
        ).fetchone()
        if versions > 1:
            raise InputError(f"{results.path}: the rows are of {versions} versions of accelsim, "
                             f"which may differ; choose one with --where version=...")
        rows = db.execute(
            f"SELECT config_json, recipe_json, seed, count(*){told}{combined} FROM results "
            f"WHERE {where}{complete} GROUP BY config, recipe, seed ORDER BY min(id)", values,
        ).fetchall()
        total = db.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM results WHERE {where} "
            f"GROUP BY config, recipe, seed)", values,
        ).fetchone()[0]
    designs = []
    for config, recipe, seed, count, tell, texts, *numbers in rows:
        if count == layers:
            settings = {**_settings(config, recipe), "seed": seed}
            limits = None if tell < count else worst(
                limit for text in (texts or "").split(_END) if text
                for limit in read_limits(results.path, text))
            designs.append(Design(settings, dict(zip(metrics, numbers, strict=True)), limits))
    return designs, int(total) - len(designs)


def _combines(
    results: Results, metrics: Sequence[str], where: str, values: Sequence[Any]
) -> dict[str, str]:
    """How each metric is combined over layers; those that no machine tells are added up.

    Raises
    ------
    InputError
        If only a machine that is not loaded can say it.
    """
    machines = results.connection.execute(
        f"SELECT DISTINCT json_extract(config_json, '$.machine') FROM results WHERE {where}",
        values,
    ).fetchall()
    known, missing = dict(METRICS), ""
    for (name,) in machines:
        try:
            known |= metrics_of(name)
        except ConfigError:
            missing = str(name)
    for name in metrics:
        if missing and name not in known:
            raise InputError(f"{results.path}: {name} is a metric of the machine '{missing}', "
                             f"which is not loaded; give its file with --plugin")
    return {name: known[name].combine if name in known else "sum" for name in metrics}


def _settings(config: str, recipe: str) -> dict[str, Any]:
    own = {f"recipe.{key}": value for key, value in json.loads(recipe).items()}
    return {**json.loads(config), **own}
