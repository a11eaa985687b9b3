"""Types that the headers of files share: frozen, strict, nothing that is not named."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Step = Annotated[int, Field(ge=1, le=1 << 24)]
Around = Annotated[int, Field(ge=0, le=1 << 24)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(min_length=1, max_length=1000)]


class Checked(BaseModel):
    """A part of a header."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
