"""What the compression of a layer loses beyond what its recipe asks for; see `Loss`.

Pruning and sharing are what a recipe asks for, and no loss. Told is what comes out otherwise than
its user expects: each with a figure, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from accelsim.compression.recipe import MAX_BIAS_LOSS, Recipe
from accelsim.compression.share import Floats, Sharing
from accelsim.records import CscMatrix, Layer, Loss


def of_float32(layer: Layer, own: Recipe) -> Iterator[Loss]:
    """Numbers of 64 bits that are zero as float32. Where a density is asked for, the smallest
    weights are pruned anyway."""
    weights = layer.weights.values if isinstance(layer.weights, CscMatrix) else layer.weights
    told = [("weights", weights)] if own.density is None and own.threshold is None else []
    for what, values in [*told, ("biases", layer.bias)]:
        if values is None or values.dtype.kind != "f" or values.dtype.itemsize <= 4:
            continue
        small = (values != 0) & (np.abs(values) < _SMALLEST)
        if count := int(np.count_nonzero(small)):
            largest = float(np.abs(values[small]).max())
            yield Loss(
                f"{what} below float32", layer.name,
                f"{count:,} of {values.size:,} become zero, the largest {largest:.3g}",
                "scale the layer up", {"count": count, "largest": largest},
            )


def of_sharing(name: str, own: Recipe, kept: CscMatrix, shared: Sharing) -> Iterator[Loss]:
    """Weights whose shared value is zero, and codes that no weight has."""
    gone = shared.codes == 0
    if count := int(np.count_nonzero(gone)):
        largest = float(np.abs(kept.values[gone]).max())
        wider = f"weight_bits above {own.weight_bits}"
        yield Loss(
            "weights round to zero", name,
            f"{count:,} of {kept.nnz:,} kept weights ({count / kept.nnz:.2%}) have the shared "
            f"value 0, the largest {largest:.3g}",
            f"{own.table} does so by its rule; another table may not" if own.table else
            f"take {wider}" + (" or values='codebook'" if own.values == "linear" else ""),
            {"count": count, "largest": largest},
        )
    codes = (1 << own.code_bits(name)) - 1
    used = int(np.count_nonzero(np.bincount(shared.codes, minlength=codes + 1)[1:]))
    # Pruning leaves a gap around zero in which entries of a linear start stay empty, as published;
    # weights of few values need no clustering at all.
    if shared.iterations and 2 * used < codes:
        yield Loss(
            "fewer shared values than codes", name,
            f"{kept.nnz:,} weights share {used} values, {codes - used} of {codes} codes are unused",
            "take init='density'" if own.init != "density" else "take fewer weight_bits",
            {"used": used, "codes": codes},
        )


def of_bias(name: str, own: Recipe, bias: Floats, as_column: Floats) -> list[Loss]:
    """A bias that is off by more than `MAX_BIAS_LOSS` of the largest where it is a column of
    codes."""
    largest = float(np.abs(bias).max())
    off: npt.NDArray[np.float64] = np.abs(bias.astype(np.float64) - as_column)
    if not float(off.max()) > MAX_BIAS_LOSS * largest:
        return []
    worst = int(off.argmax())
    auto = own.bias == "auto"
    return [Loss(
        "biases moved to the accumulators" if auto else "biases do not fit the codebook", name,
        f"as a shared weight {bias[worst]:.3g} {'would be' if auto else 'is'} "
        f"{as_column[worst]:.3g}, off by {float(off[worst]) / largest:.0%} of the largest",
        "bias='accumulator' does so without this line, bias='column' shares weights" if auto
        else "bias='accumulator' keeps them exactly",
        {"bias": float(bias[worst]), "becomes": float(as_column[worst]),
         "share": float(off[worst]) / largest},
    )]


_SMALLEST = float(np.finfo(np.float32).smallest_subnormal) / 2
