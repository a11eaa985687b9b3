"""What is worked out of an image once, and kept for as long as the image lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from accelsim.formats import LayerImage

P = ParamSpec("P")
T = TypeVar("T")

_MOST = 64  # sets of arguments of one image: a study may have any number of them


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
