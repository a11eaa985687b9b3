"""Options of networks: photos, graphs, lowerings, calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ImageOption = Annotated[
    list[Path] | None,
    typer.Option("--image", help="A photo for a network that says how it reads one; repeatable."),
]
FitOption = Annotated[
    bool, typer.Option("--fit", help="Cut out a photo's middle and resize it to the input.")
]
FloatErrorOption = Annotated[
    bool, typer.Option("--float-error", help="Of a network also each layer's results beside "
                                             "64-bit float: what compressing and fixed point cost.")
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
