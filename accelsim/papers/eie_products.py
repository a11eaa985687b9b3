"""A recurrent layer's matrices as EIE runs them: gates as one layer, one vector at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.lowering.float_run import float_vectors
from accelsim.lowering.program import make_program
from accelsim.machines import EieConfig
from accelsim.papers.pattern_machines import EieFigures, on_eie
from accelsim.records.recurrent import RecurrentLayer

Floats = npt.NDArray[np.float64]

EIE_VECTORS = 8
"""Steps of an utterance that EIE's figures are means over."""


@dataclass(frozen=True, eq=False)
class EieProduct:
    """One layer of EIE: ``matrix`` times the ``vectors``, by name, side by side."""

    matrix: Floats
    vectors: tuple[str, ...]


def eie_products(layer: RecurrentLayer) -> list[EieProduct]:
    """What of a time step is a product of a matrix and a vector that is known when it begins.

    Gates whose sums have the same terms share rows, [W?x W?r] times [x_t, y_(t-1)]; all of them
    stand one above the other. A GRU whose reset comes after the matrix keeps the two halves of its
    candidate apart. What reads a result of the step (a projection, r times y) is a layer of its
    own behind it.
    """
    rows: dict[str, dict[str, Floats]] = {}
    behind = []
    for matrix, product in make_program(layer).products.items():
        if product.vector in ("x", "y"):
            rows.setdefault(product.signal, {})[product.vector] = layer.floats(matrix)
        else:
            behind.append(EieProduct(layer.floats(matrix), (product.vector,)))
    widths = {"x": layer.n_inputs, "y": layer.n_outputs}
    read = tuple(v for v in ("x", "y") if any(v in own for own in rows.values()))
    stacked = [
        np.hstack([own.get(v, np.zeros((len(next(iter(own.values()))), widths[v]))) for v in read])
        for own in rows.values()]
    return [EieProduct(np.vstack(stacked), read), *behind]


def eie_step(
    config: EieConfig, layer: RecurrentLayer, vectors: dict[str, Floats]
) -> EieFigures:
    """A time step's products on EIE, one after the other; means over the vectors.

    Parameters
    ----------
    vectors : (n_vectors, n) by name
    """
    found = [
        on_eie(config, product.matrix, np.hstack([vectors[v] for v in product.vectors]), layer.name)
        for product in eie_products(layer)]
    cycles = sum(one.cycles for one in found)
    return EieFigures(
        cycles, sum(one.time_us for one in found),
        sum(one.balance * one.cycles for one in found) / cycles,
        sum(one.bits for one in found), sum(one.huffman_bits for one in found),
        sum(one.energy_nj for one in found))


def sampled_vectors(layer: RecurrentLayer, inputs: Floats) -> dict[str, Floats]:
    """What the products read in evenly spaced steps of a float run, channels taken in turn.

    Parameters
    ----------
    inputs : (n_steps, n_channels, n_inputs)
    """
    names = sorted({v for product in eie_products(layer) for v in product.vectors})
    seen = float_vectors(layer, inputs, names)
    n_steps, n_channels = inputs.shape[:2]
    steps = np.linspace(min(1, n_steps - 1), n_steps - 1, EIE_VECTORS).astype(int)
    channels = np.arange(EIE_VECTORS) % n_channels
    return {name: values[steps, channels] for name, values in seen.items()}
