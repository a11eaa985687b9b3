"""Options of networks: photos, graphs, lowerings, calibration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from accelsim.machines.network_run import Lowering

ImageOption = Annotated[
    list[Path] | None,
    typer.Option("--image", help="A photo for a network that says how it reads one; repeatable."),
]
FitOption = Annotated[
    bool, typer.Option("--fit", help="Cut out a photo's middle and resize it to the input.")
]
NetworkOption = Annotated[
    str | None,
    typer.Option("--network", metavar="NAME|FILE.toml", help="The graph whose layers a file's "
                                                              "arrays are called after."),
]
LoweringOption = Annotated[
    str | None,
    typer.Option(metavar="WAY|LAYER=WAY,...",
                 help="How convolutions become products: im2col, shifted, winograd, pixels; auto "
                      "tries each and takes the fastest. What a compressed network's file says if "
                      "absent, else im2col.")
]
WinogradOption = Annotated[
    str | None,
    typer.Option("--winograd", metavar="before|after",
                 help="Prepare 3 x 3 convolutions for --lowering winograd: pruned before the "
                      "transform of their weights, or after it.")
]
CalibrationCountOption = Annotated[
    int, typer.Option(min=1, help="Of --inputs, how many images settle a network's binary points.")
]
CalibrateOption = Annotated[
    str, typer.Option(metavar="max|percentile|kl:BITS",
                      help="How they do: nothing is cut off; 99.99 % of the magnitudes are kept; "
                           "or TensorRT's entropy method for signals of so many bits.")
]


def asked_lowering(text: str | None) -> Lowering:
    """``auto``, or ``conv1=pixels,conv2=auto``."""
    from accelsim.errors import InputError

    if text is None or "=" not in text:
        return text
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, way = (word.strip() for word in part.rpartition("="))
        if not name or not way or name in found:
            raise InputError(f"--lowering {text}: need a way, or LAYER=WAY,... each layer once")
        found[name] = way
    return found
