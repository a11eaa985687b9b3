"""``accelsim compress``."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from accelsim import __version__
from accelsim.cli.common import (
    CsvOption,
    JsonOption,
    console,
    print_csv,
    print_json,
    progress,
    table,
    written,
)
from accelsim.cli.compression_view import compression_view
from accelsim.cli.layers import skipped_rows, skipped_view
from accelsim.cli.losses import loss_rows, tell
from accelsim.cli.network_options import (
    CalibrateOption,
    CalibrationCountOption,
    FitOption,
    ImageOption,
    LoweringOption,
    NetworkOption,
    WinogradOption,
)

if TYPE_CHECKING:
    from accelsim.compression import Recipe

LayerOption = Annotated[
    list[str] | None,
    typer.Option("--layer", "-l", help="A layer of the file; repeatable, in order. All if absent."),
]
SeedOption = Annotated[int, typer.Option(help="Seed of a published layer's random numbers.")]
DensityOption = Annotated[
    float | None, typer.Option(help="Share of the weights to keep; all non-zeros if absent.")
]
ThresholdOption = Annotated[
    float | None, typer.Option(help="Keep weights of at least this magnitude instead.")
]
WeightBitsOption = Annotated[int, typer.Option(help="Bits of a code: 2**bits - 1 shared values.")]
IndexBitsOption = Annotated[int, typer.Option(help="Bits of a zero run.")]
IndexOption = Annotated[
    str, typer.Option(help="What says an entry's row: zero_runs, or a bitmap, a bit for each row "
                           "of a column; the machine that runs it stores it by its own.")
]
ValuesOption = Annotated[
    str, typer.Option(help="codebook (shared by k-means) or linear (evenly spaced).")
]
TableOption = Annotated[
    str | None, typer.Option("--table", help="Number system of the codes: kmeans, linear, "
                                             "dynamic_fixed_point, power_of_two, log, ternary or "
                                             "binary, settings behind colons (ternary:scales=2); "
                                             "or the file of a codebook. What --values says if "
                                             "absent.")
]
TableBitsOption = Annotated[
    int | None, typer.Option(help="Bits of the table's codes where they are fewer than "
                                  "weight_bits.")
]
TableRowsOption = Annotated[
    int | None, typer.Option(help="Rows that share a table; 1: a scale a row. All if absent.")
]
BiasOption = Annotated[
    str, typer.Option(help="Where a bias goes: column (codes), accumulator (exact), or auto: the "
                           "column unless that loses more than 1/16 of the largest.")
]
InitOption = Annotated[str, typer.Option(help="First centroids: linear, density or random.")]
LayerSetOption = Annotated[
    list[str] | None,
    typer.Option(metavar="LAYER:KEY=VALUE", help="Another setting of the recipe for one layer "
                                                 "(conv2:weight_bits=3, fc1:bias=column); "
                                                 "repeatable.")
]


def compress(
    source: Annotated[str, typer.Argument(help="A published layer, a shape "
                                               "(random:96x64:density=0.5), or an npz, "
                                               "safetensors or ONNX file; its layers need not "
                                               "follow each other. Or a network: its name, a graph "
                                               "(TOML), a .net file, ONNX.")],
    layer: LayerOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the compressed layers here.")
    ] = None,
    density: DensityOption = None,
    threshold: ThresholdOption = None,
    weight_bits: WeightBitsOption = 4,
    index_bits: IndexBitsOption = 4,
    index: IndexOption = "zero_runs",
    values: ValuesOption = "codebook",
    init: InitOption = "linear",
    code_table: TableOption = None,
    table_bits: TableBitsOption = None,
    table_rows: TableRowsOption = None,
    bias: BiasOption = "auto",
    seed: SeedOption = 1,
    layer_density: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER=D", help="Another density for one layer; repeatable."),
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(help="Prune by a sparsity pattern: unstructured, load_balanced, "
                                      "bank_balanced, block, n_m, row, channel; of kernels "
                                      "too vector, kernel, filter, output_channel.")
    ] = None,
    pattern_set: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="The pattern's own: n_pe=64, n_banks=32, "
                                               "shape=[4,4], n=2 and m=4; repeatable."),
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option(help="Input vectors (npy, npz, safetensors) that settle the "
                                       "binary points.")
    ] = None,
    layer_set: LayerSetOption = None,
    network: NetworkOption = None,
    image: ImageOption = None,
    fit: FitOption = False,
    count: CalibrationCountOption = 100,
    calibrate: CalibrateOption = "max",
    lowering: LoweringOption = None,
    winograd: WinogradOption = None,
    permute: Annotated[
        bool, typer.Option("--permute-rows", help="Store the rows in an order that evens out the "
                                                  "PEs' work; outputs do not change.")
    ] = False,
    n_pe: Annotated[
        int, typer.Option("--n-pe", help="PEs that --permute-rows balances for.")
    ] = 64,
    order: Annotated[
        str, typer.Option(help="Gaps of the table run over row, column or pe (one PE).")
    ] = "row",
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Prune, share weights, encode; print the Deep Compression table, a row a layer and a total."""
    import numpy as np

    from accelsim.cli.compress_network import CompressAsked, compress_graph, with_settings
    from accelsim.compression import compress_network
    from accelsim.compression.store import save_compressed
    from accelsim.compression.table import compression_table
    from accelsim.errors import InputError
    from accelsim.lowering.ways import parse_lowering
    from accelsim.machines import parse_setting
    from accelsim.network import calibrated
    from accelsim.report.row_order import row_order_gain
    from accelsim.sources import as_layers, load_inputs, names_network, skipped_of

    recipe = make_recipe(density, threshold, weight_bits, index_bits, init, layer_density, values)
    if pattern is not None or pattern_set:
        parameters = dict(map(parse_setting, pattern_set or ()))
        recipe = replace(recipe, pattern=pattern, pattern_parameters=parameters)
    recipe = replace(recipe, bias=cast(Any, bias), table=code_table, table_bits=table_bits,
                     table_rows=table_rows, winograd=cast(Any, winograd), index=index,
                     layers=with_settings(recipe.layers, layer_set))
    if permute:
        recipe = replace(recipe, permute_rows=n_pe)
    if names_network(source, network, layer):
        compress_graph(CompressAsked(
            source, network, layer, recipe, image or [], inputs, count, fit, calibrate,
            parse_lowering(lowering), seed, order, output, as_json, as_csv))
        return
    if image or fit or lowering is not None or winograd is not None:
        raise InputError(f"{source}: layers, not a network: --image, --fit, --lowering and "
                         f"--winograd are for graphs; name one (--network)")
    layers = as_layers(source, layer, seed, chain=inputs is not None)
    skipped = skipped_of(source)
    with progress(f"compressing {len(layers)} layers", len(layers)) as advance:
        packed = compress_network(layers, recipe, advance)
    lost = [loss for layer in packed for loss in layer.losses]
    tell(lost)
    vectors = layers[0].activations
    if inputs is not None:
        vectors = load_inputs(inputs, packed[0].n_inputs)
        packed = calibrated(packed, vectors)
    vector = None if vectors is None else np.atleast_2d(vectors)[0]
    gained = row_order_gain(packed, n_pe, vector) if permute else []
    counted = compression_table(packed, cast(Any, order))
    if output is not None:
        save_compressed(output, packed)
    if as_json:
        rows = [row.as_dict() for row in counted.rows]
        print_json({"accelsim": __version__, "seed": seed, "recipe": asdict(recipe),
                    "layer_sha256": [layer.digest() for layer in packed],
                    "layers": rows, "total": counted.total.as_dict(), "row_order": gained,
                    "skipped": skipped_rows(skipped), "losses": loss_rows(lost),
                    "output": str(output) if output else None})
    elif as_csv:
        print_csv([row.as_dict() for row in (*counted.rows, counted.total)])
    else:
        console().print(compression_view(counted))
        if gained:
            body = [list(row.values()) for row in gained]
            console().print(table(f"Row order for {n_pe} PEs", list(gained[0]), body))
        if skipped and layer is None:
            console().print(skipped_view(skipped))
        if output is not None:
            written(output)


def make_recipe(
    density: float | None,
    threshold: float | None,
    weight_bits: int,
    index_bits: int,
    init: str,
    layer_density: list[str] | None = None,
    values: str = "codebook",
    bias: str = "auto",
    **more: Any,
) -> Recipe:
    """The recipe that the options describe; ``more`` settings by their names."""
    from accelsim.compression import Recipe
    from accelsim.errors import InputError

    layers: dict[str, dict[str, Any]] = {}
    for text in layer_density or []:
        name, _, value = text.partition("=")
        try:
            layers[name] = {"density": float(value)}
        except ValueError:
            raise InputError(
                f"--layer-density {text}: need LAYER=DENSITY, for instance fc3=0.26"
            ) from None
    return Recipe(
        density=density, threshold=threshold, weight_bits=weight_bits, index_bits=index_bits,
        init=cast(Any, init), values=cast(Any, values), bias=cast(Any, bias), layers=layers,
        **more,
    )
