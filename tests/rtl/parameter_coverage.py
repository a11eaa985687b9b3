"""Which values of each Verilog parameter the benches run: least and greatest, beside the bounds."""

from __future__ import annotations

import numpy as np

from accelsim.machines import load_config
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.rtl.params import RtlParameters, rtl_parameters
from tests.rtl.large_cases import LARGE, large_case
from tests.rtl.random_cases import random_machine, started_machine

_DRAWS = 500


def ranges() -> dict[str, dict[str, tuple[int, int]]]:
    """Parameter to (least, greatest) by "published", "random" and "large"."""
    rng = np.random.default_rng(0)
    drawn = [load_config("eie", **make(rng, 9)) for make in (random_machine, started_machine)
             for _ in range(_DRAWS)]
    cases = [large_case(name) for name in LARGE]
    runs = {
        "published": [rtl_parameters(load_config("eie"))],
        "random": [rtl_parameters(config) for config in drawn],
        "large": [rtl_parameters(case.config, len(case.job.plan)) for case in cases],
    }
    return {
        name: {
            kind: (min(values), max(values)) for kind, parameters in runs.items()
            for values in [[getattr(one, name) for one in parameters]]
        }
        for name in RtlParameters.__dataclass_fields__
        if name not in ("gather", "counters", "trace", "multiplier")
    }


def table() -> str:
    """As Markdown."""
    rows = ["| parameter | published | random machines | large sizes | allowed |",
            "| --- | --- | --- | --- | --- |"]
    for name, found in ranges().items():
        verilog = "".join(word.capitalize() for word in name.split("_"))
        kinds = [_span(*found[kind]) for kind in ("published", "random", "large")]
        rows.append(f"| `{verilog}` | {' | '.join(kinds)} | {_allowed(name)} |")
    return "\n".join(rows)


def _span(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _allowed(name: str) -> str:
    field = EieConfig.model_fields.get(name)
    bounds = {key: getattr(rule, key) for rule in (field.metadata if field else ())
              for key in ("ge", "le") if hasattr(rule, key)}
    return _span(bounds["ge"], bounds["le"]) if len(bounds) == 2 else ""
