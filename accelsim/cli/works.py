"""What commands run: work by name, its inputs, which part of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from accelsim.sources import Source

WorkArgument = Annotated[
    str, typer.Argument(metavar="WORK", help="A published layer (alex-7, google-lstm), a shape "
                                             "(random:4096x14336:density=0.5:activations=0.3), a "
                                             "layer file (of LSTMs and GRUs where the machine "
                                             "takes those), a file from `accelsim compress`, a "
                                             "recurrent folder (traces/silero-lstm), an "
                                             "EIE-simulator folder; or PLACE:LAYER."),
]
OneLayerOption = Annotated[
    str | None,
    typer.Option("--layer", "-l", help="A layer of the file. Where its layers can run one after "
                                       "the other, those before it run first, unless the inputs "
                                       "have its own width; else it runs alone. The first if "
                                       "absent."),
]
AloneOption = Annotated[
    bool, typer.Option("--alone", help="Run the layer alone in any case, on inputs of its own "
                                       "width, as `accelsim simulate WORK -l LAYER` does.")
]
InputsOption = Annotated[
    Path | None, typer.Option(help="Input vectors (npy, npz, safetensors), of which the first is "
                                   "run; of a recurrent layer its sequence: (steps, inputs) or "
                                   "(steps, channels, inputs), or a wav file.")
]
PatternOption = Annotated[
    str | None, typer.Option("--pattern", help="Prune by a pattern at --density: unstructured, "
                                               "load_balanced, bank_balanced, block, n_m, row, "
                                               "channel; vector, kernel, filter, output_channel.")
]
FixedPointOption = Annotated[
    bool, typer.Option("--inputs-fixed-point", help="The file of --inputs holds integers in the "
                                                    "binary point of the layer's inputs, not "
                                                    "numbers.")
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
    fixed_point: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def work(self) -> Any:
        """The chosen layer."""
        return self.layers[self.index]

    @property
    def before(self) -> list[str]:
        """Names of the layers that run first."""
        return [work.name for work in self.layers[: self.index]]

    @property
    def behind(self) -> str:
        """The same for people: nothing, or how the layer got its inputs."""
        before = ", ".join(self.before)
        return f"{self.work.name} runs behind {before}; --alone runs it alone" if before else ""

    def job(self, index: int | None = None) -> Any:
        """What the chosen layer, or another one, is given to do; what it lost is told."""
        from accelsim.cli.losses import tell
        from accelsim.network import network_job

        made = network_job(
            self.config, self.layers, self.inputs, self.index if index is None else index,
            self.fixed_point, **self.options)
        tell(made.losses)
        return made


def opened_work(
    config: Any, source: str, names: list[str] | None, inputs: Path | None,
    activation_density: float | None, seed: int, count: int | None, fixed_point: bool = False,
    **recipe: Any,
) -> Source:
    """Work with its inputs: those of a file, drawn ones, or its own; the first ``count`` vectors.

    Layers that are not calibrated are calibrated with them, unless they are fixed point already.
    """
    from accelsim.compression.calibrate import calibrated
    from accelsim.errors import InputError
    from accelsim.records import CompressedLayer
    from accelsim.sources import drawn_sequence, load_inputs, load_sequence, open_work

    if fixed_point and inputs is None:
        raise InputError("--inputs-fixed-point says what a file holds; give it with --inputs")
    opened = open_work(config, source, names, seed, **recipe)
    first = opened.layers[0]
    channels = getattr(config, "n_channels", None)
    if opened.is_sequence and inputs is not None:
        opened = opened.with_sequence(load_sequence(inputs, first.n_inputs), channels)
    elif opened.is_sequence and opened.inputs is None:
        opened = opened.with_sequence(
            drawn_sequence(first.n_inputs, channels, seed, activation_density), channels)
    elif inputs is not None:
        opened = replace(opened, inputs=load_inputs(inputs, first.n_inputs))
    elif activation_density is not None:
        opened = opened.with_inputs(activation_density, seed)
    vectors = opened.required_inputs()
    vectors = vectors if vectors.ndim > 2 or opened.is_sequence else vectors[:count]
    layers = opened.layers
    if fixed_point and not isinstance(first, CompressedLayer):
        raise InputError(f"{first.name}: --inputs-fixed-point is for layers with binary points of "
                         f"their own; the machine '{config.machine}' chooses them from the inputs, "
                         f"so give real numbers")
    uncalibrated = [p for p in layers if isinstance(p, CompressedLayer)
                    and p.binary_points is None and p.output_max_abs is None]
    if fixed_point and uncalibrated:
        raise InputError(f"{uncalibrated[0].name}: --inputs-fixed-point needs a layer that has its "
                         f"binary points; compress the file with --inputs first")
    if isinstance(first, CompressedLayer) and any(p.output_max_abs is None for p in layers):
        layers = calibrated(layers, vectors)
    return replace(opened, layers=layers, inputs=vectors, fixed_point=fixed_point)


def prepared(
    config: Any, source: str, layer: str | None, inputs: Path | None,
    activation_density: float | None, density: float | None, seed: int, whole: bool = False,
    fixed_point: bool = False, alone: bool = False, vector: int = 0, **recipe: Any,
) -> Prepared:
    """The chosen layer of some work (``whole``: its last), with those that run before it.

    Parameters
    ----------
    vector : which of the inputs the first of them is run on
    recipe : more settings of the compression
    """
    from accelsim.errors import InputError
    from accelsim.sources import reach

    way = reach(source, layer, inputs, alone, config)
    opened = opened_work(config, source, way.names, inputs, activation_density, seed,
                         vector + 1, fixed_point, density=density, **recipe)
    runs = list(opened.runs())
    if vector >= len(runs):
        raise InputError(f"{source}: vector is {vector}; there are 0 to {len(runs) - 1}")
    index = len(opened.layers) - 1 if whole and layer is None else way.index
    from accelsim.machines import machine_of

    config = machine_of(config).fitted(config, opened.layers[: index + 1])
    return Prepared(config, opened.layers[: index + 1], index, runs[vector],
                    opened.fixed_point, list(opened.options())[vector],
                    opened.note if opened.is_sequence else "")
