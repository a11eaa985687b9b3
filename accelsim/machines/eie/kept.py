"""What is worked out of an image once, and kept for as long as the image lives: always, or for runs
that share their work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from accelsim.formats import LayerImage
from accelsim.records.sharing import is_shared

P = ParamSpec("P")
T = TypeVar("T")

_MOST = 64  # sets of arguments of one image: a study may have any number of them
_MOST_SHARED = 128


def kept_with_image(
    make: Callable[Concatenate[LayerImage, P], T]
) -> Callable[Concatenate[LayerImage, P], T]:
    """Call ``make`` once for each image and each set of (hashable) further arguments, of which the
    latest are kept.

    What it returns is shared and must not refer to the image, which would then never be let go.
    """
    kept: WeakKeyDictionary[LayerImage, dict[tuple[object, ...], T]] = WeakKeyDictionary()

    def get(image: LayerImage, /, *args: P.args, **kwargs: P.kwargs) -> T:
        values = kept.setdefault(image, {})
        if args not in values:
            while len(values) >= _MOST:
                values.pop(next(iter(values)), None)
            values[args] = make(image, *args, **kwargs)
        return values[args]
    return get


_shared: WeakKeyDictionary[LayerImage, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()


def shared_result(image: LayerImage, key: tuple[Any, ...], make: Callable[[], T]) -> T:
    """What ``make`` gives. Where runs share their work (`accelsim.records.sharing`), once for each
    ``key``, which names all but the image that it depends on; the latest are kept."""
    if not is_shared():
        return make()
    results = _shared.setdefault(image, {})
    if key not in results:
        while len(results) >= _MOST_SHARED:
            results.pop(next(iter(results)), None)
        results[key] = make()
    found: T = results[key]
    return found
