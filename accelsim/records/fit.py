"""Sizes that follow the workload: the words that stand for a number in a machine file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, Field, PlainSerializer, WrapValidator

FIT = "fit"
"""As large as the largest layer needs."""

FIT_ALL = "fit_all"
"""As large as all layers need together, where their weights stay resident."""

WORDS = (FIT, FIT_ALL)


def _number_or_word(value: Any, number: Callable[[Any], Any]) -> Any:
    return value if isinstance(value, str) and value in WORDS else number(value)


_MAY_FIT = (WrapValidator(_number_or_word), PlainSerializer(lambda value: value, return_type=Any))

# A configuration that a job is made for holds numbers only, so that is what these are to a reader.
SizeKb = Annotated[float, Field(gt=0, le=1 << 20), *_MAY_FIT]
PointerBits = Annotated[int, Field(ge=4, le=32), *_MAY_FIT]
Depth = Annotated[int, Field(ge=1, le=65_536), *_MAY_FIT]
Tables = Annotated[int, Field(ge=1, le=65_536), *_MAY_FIT]


def words_of(config: BaseModel) -> dict[str, str]:
    """The parameters that are still to be sized, and by which word."""
    return {key: value for key, value in vars(config).items()
            if isinstance(value, str) and value in WORDS}
