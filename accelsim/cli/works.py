"""What commands run: work by name, its inputs, which part of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from accelsim.sources import Source

WorkArgument = Annotated[
    str, typer.Argument(metavar="WORK", help="A published layer (alex-7, google-lstm), a layer "
                                             "file, a file from `accelsim compress`, a recurrent "
                                             "folder (traces/silero-lstm), or an EIE-simulator "
                                             "folder."),
]
OneLayerOption = Annotated[
    str | None,
    typer.Option("--layer", "-l", help="A layer of the network; those before it run first. "
                                       "The first if absent."),
]
InputsOption = Annotated[
    Path | None, typer.Option(help="Input vectors (npy, npz, safetensors); the first is run.")
]
DrawOption = Annotated[
    float | None, typer.Option(help="Draw an input vector of this density instead.")
]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Work from the first layer to the chosen one, what the first is run on, and the job.

    ``whole`` is every layer's index that was asked for: the chosen one, or all.
    """

    config: Any
    layers: list[Any]
    index: int
    inputs: npt.NDArray[np.generic]

    @property
    def work(self) -> Any:
        """The chosen layer."""
        return self.layers[self.index]

    def job(self, index: int | None = None) -> Any:
        """What the chosen layer, or another one, is given to do; what it lost is told."""
        from accelsim.cli.losses import tell
        from accelsim.network import network_job

        made = network_job(
            self.config, self.layers, self.inputs, self.index if index is None else index)
        tell(made.losses)
        return made


def opened_work(
    config: Any, source: str, names: list[str] | None, inputs: Path | None,
    activation_density: float | None, seed: int, count: int | None, **recipe: Any,
) -> Source:
    """Work with its inputs: those of a file, drawn ones, or its own; the first ``count`` vectors.

    Layers that are not calibrated are calibrated with them.
    """
    from accelsim.compression.calibrate import calibrated
    from accelsim.records import CompressedLayer
    from accelsim.sources import load_inputs, open_work

    opened = open_work(config, source, names, seed, **recipe)
    first = opened.layers[0]
    if inputs is not None:
        opened = replace(opened, inputs=load_inputs(inputs, first.n_inputs))
    elif activation_density is not None:
        opened = opened.with_inputs(activation_density, seed)
    vectors = opened.required_inputs()
    vectors = vectors if vectors.ndim > 2 or opened.is_sequence else vectors[:count]
    layers = opened.layers
    if isinstance(first, CompressedLayer) and any(p.output_max_abs is None for p in layers):
        layers = calibrated(layers, vectors)
    return replace(opened, layers=layers, inputs=vectors)


def prepared(
    config: Any, source: str, layer: str | None, inputs: Path | None,
    activation_density: float | None, density: float | None, seed: int, whole: bool = False,
) -> Prepared:
    """The chosen layer of some work (``whole``: its last) with those before it."""
    from accelsim.errors import InputError, nearest

    opened = opened_work(config, source, None, inputs, activation_density, seed, 1,
                         density=density)
    names = [work.name for work in opened.layers]
    if layer is not None and layer not in names:
        raise InputError(f"{source}: no layer '{layer}'{nearest(layer, names)}")
    index = names.index(layer) if layer is not None else whole * (len(names) - 1)
    return Prepared(config, opened.layers[: index + 1], index, next(iter(opened.runs())))
