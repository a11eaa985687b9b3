"""Losses on the command line: one line each on standard error, and a list in ``--json``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from accelsim.cli.wording import as_options

if TYPE_CHECKING:
    from accelsim.records import Loss


def tell(losses: Iterable[Loss]) -> None:
    """One line for each kind and layer, on standard error."""
    from accelsim.records.losses import told_once

    for loss in told_once(losses):
        sys.stderr.write(f"accelsim: warning: {as_options(loss.line)}\n")


def loss_rows(losses: Iterable[Loss]) -> list[dict[str, Any]]:
    """The same for ``--json``."""
    from accelsim.records.losses import told_once

    return [loss.as_dict() for loss in told_once(losses)]
