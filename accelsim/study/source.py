"""Which worker gets which points next: layers stay where they are, and nobody idles at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from accelsim.study.points import MAX_CHUNK_POINTS, Chunk, Plan, Point, Stream

# Chunks should take this long: handing one out costs a few milliseconds, and an interrupted sweep
# loses what is under way.
QUICK_SECONDS = 0.2
SLOW_SECONDS = 1.0

Missing = Callable[[Sequence[Point]], tuple[Point, ...]]


class Source:
    """Hands out chunks of points that are not stored yet.

    A worker keeps to one stream (one compressed layer) until it is exhausted, then begins another;
    when none is left it helps with one that is under way.

    Attributes
    ----------
    skipped : points found stored
    given : points handed out
    stopped : whether no more are handed out, because of Ctrl-C or because ``limit`` is reached
    """

    def __init__(self, plan: Plan, missing: Missing, limit: int | None = None) -> None:
        self.plan = plan
        self.skipped = 0
        self.given = 0
        self.stopped = False
        self._missing = missing
        self._limit = limit
        self._fresh: Iterator[Stream] = plan.streams()
        self._open: list[Stream] = []
        self._mine: dict[object, Stream] = {}
        self._target = 1

    def take(self, worker: object) -> Chunk | None:
        """The next chunk for a worker; None when there is nothing left."""
        while not self.stopped:
            stream = self._stream(worker)
            if stream is None:
                return None
            points = self._points(stream)
            if points:
                self.given += len(points)
                return self.plan.chunk(stream, points)
        return None

    def learn(self, n_points: int, seconds: float) -> None:
        """Adapt the size of chunks to how long the last one took."""
        if seconds < QUICK_SECONDS:
            self._target = min(max(self._target, 2 * n_points), MAX_CHUNK_POINTS)
        elif seconds > SLOW_SECONDS:
            self._target = max(1, min(self._target, n_points // 2))

    def _stream(self, worker: object) -> Stream | None:
        mine = self._mine.get(worker)
        if mine in self._open:
            return mine
        fresh = next(self._fresh, None)
        if fresh is not None:
            self._open.append(fresh)
        elif self._open:
            fresh = self._open[0]
        if fresh is not None:
            self._mine[worker] = fresh
        return fresh

    def _points(self, stream: Stream) -> list[Point]:
        """Whole groups of the stream until they are worth a trip."""
        points: list[Point] = []
        while len(points) < self._target and not self.stopped:
            group = next(stream.groups, None)
            if group is None:
                self._open.remove(stream)
                break
            new = self._missing(group)
            self.skipped += len(group) - len(new)
            points.extend(new)
            left = None if self._limit is None else self._limit - self.given - len(points)
            if left is not None and left <= 0:
                self.stopped = True
                del points[len(points) + left:]
        return points
