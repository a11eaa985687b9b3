"""The progress line of a sweep: points a second and the time left, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from accelsim.cli.common import console

if TYPE_CHECKING:
    from accelsim.study import Progress


@contextmanager
def sweep_progress(label: str) -> Iterator[Callable[[Progress], None] | None]:
    """A bar on standard error; gives the function that moves it, or None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, rate="starting")

        def show(progress: Progress) -> None:
            left = progress.total - progress.stored - progress.done
            rate = progress.points_per_s
            text = f"{rate:,.0f} points/s, {_clock(left / rate) if rate else '?'} left"
            if progress.failed:
                text += f", {progress.failed:,} failed"
            bar.update(task, total=progress.total, completed=progress.stored + progress.done,
                       rate=text)

        yield show


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
