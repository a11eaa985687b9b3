"""Where modules of version 0.1 are now, so that scripts which name them still run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "accelsim.arch": "accelsim.machines",
    "accelsim.arch.bbs": "accelsim.machines.bbs.config",
    "accelsim.arch.config": "accelsim.machines.eie.config",
    "accelsim.arch.ese": "accelsim.machines.ese.config",
    "accelsim.arch.loader": "accelsim.machines.registry",
    "accelsim.arch.plan": "accelsim.machines.eie.plan",
    "accelsim.counting": "accelsim.records.counters",
    "accelsim.engines": "accelsim.machines.eie.engines",
    "accelsim.engines.replay": "accelsim.machines.eie.replay",
    "accelsim.engines.reference": "accelsim.machines.eie.reference",
    "accelsim.engines.reference.act_queue": "accelsim.units.act_queue",
    "accelsim.engines.reference.clock": "accelsim.units.clock",
    "accelsim.engines.reference.eie": "accelsim.machines.eie.reference.array",
    "accelsim.engines.reference.pe": "accelsim.machines.eie.reference.pe",
    "accelsim.explain": "accelsim.machines.eie.explain",
    "accelsim.recurrent": "accelsim.records.recurrent",
    "accelsim.report.plots_published": "accelsim.papers.figures",
    "accelsim.report.trace": "accelsim.machines.trace",
    "accelsim.results": "accelsim.machines.eie.results",
    "accelsim.rtl_bridge.expected": "accelsim.machines.eie.rtl.expected",
    "accelsim.rtl_bridge.images": "accelsim.machines.eie.rtl.images",
    "accelsim.rtl_bridge.params": "accelsim.machines.eie.rtl.params",
    "accelsim.study.published": "accelsim.papers",
}
"""Old name to new; what a script of the last version's README, notebooks or public names uses."""


class _Moved(MetaPathFinder, Loader):
    """Gives the module of today for the name of yesterday: one object under two names."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in MOVED:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty one, which the import of the name replaces."""
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(MOVED[module.__name__])


def install() -> None:
    """Look here for modules that are found nowhere else."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.append(_Moved())
