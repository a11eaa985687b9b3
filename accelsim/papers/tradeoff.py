"""Which pattern, how sparse, at what error: the trade-off of one real recurrent network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from accelsim.api import simulate_recurrent
from accelsim.compression.pattern_choice import BANK_WIDTH, usual_parameters
from accelsim.compression.patterns import prune_recurrent
from accelsim.errors import InputError, nearest
from accelsim.formats.csb import encode_csb
from accelsim.lowering.float_run import run_float
from accelsim.machines import BbsConfig, EieConfig, EseConfig, load_as
from accelsim.machines.bbs.lstm import lstm_step_cycles
from accelsim.papers.columns import on
from accelsim.papers.eie_products import EIE_VECTORS, eie_products, eie_step, sampled_vectors
from accelsim.papers.patterns import measure
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.recurrent_folder import RecurrentFolder

PATTERNS = ("unstructured", "load_balanced", "bank_balanced", "block", "n_m", "row", "channel")
DENSITIES = (0.50, 0.30, 0.18, 0.112, 0.08)
Floats = npt.NDArray[np.float64]


class PatternNetwork(Protocol):
    """What is compared: `RecurrentFolder`, or `accelsim.papers.user_network.UserNetwork`."""

    @property
    def layer(self) -> RecurrentLayer: ...
    @property
    def inputs(self) -> Floats: ...
    @property
    def retrained(self) -> Mapping[str, Mapping[str, RecurrentLayer]]: ...


@dataclass(frozen=True)
class TradeoffRow:
    """One pattern at one density.

    Attributes
    ----------
    weights : "as trained", "retrained" under this mask, or "one-shot" (pruned, nothing else)
    error_float : of the outputs of the pruned network in float, relative to the RMS of the dense
        network's in float; among ESE's columns, whose error it is part of
    error : the same of the machine's fixed-point outputs
    agree : share of decisions equal to those of the dense network in float; None of a network
        that decides nothing here
    step_us : ESE, one time step in the steady state
    spmv_us, load_balance : of which slots that multiply, and their theoretical over actual time
    entries_max_over_mean : stored entries of the fullest PE over the mean, worst matrix
    stream_bits, huffman_bits : weights as ESE stores them, and Huffman-coded
    energy_nj : priced events of a time step of one channel's share (`accelsim.machines.ese.energy`)
    eie_us, eie_balance, eie_bits, eie_huffman_bits, eie_energy_nj : the step's matrices, stacked
        as one layer, times vectors of the utterance on EIE (`EieFigures`); the element-wise work
        is not EIE's
    bbs_step_us, csb_bits : a time step of one vector on the bank-balanced machine, and what it
        stores. ESE works on a vector in each channel meanwhile. None of a GRU, which bbs does not
        run
    """

    pattern: str
    weights: str
    kept: float
    error_float: float = on("ese")
    error: float = on("ese")
    agree: float | None = on("ese")
    step_us: float = on("ese")
    spmv_us: float = on("ese")
    load_balance: float = on("ese")
    entries_max_over_mean: float = on("ese")
    stream_bits: int = on("ese")
    huffman_bits: int = on("ese")
    energy_nj: float = on("ese")
    eie_us: float = on("eie")
    eie_balance: float = on("eie")
    eie_bits: int = on("eie")
    eie_huffman_bits: int = on("eie")
    eie_energy_nj: float = on("eie")
    bbs_step_us: float | None = on("bbs")
    csb_bits: int | None = on("bbs")

    def as_dict(self) -> dict[str, Any]:
        """Field to value, rounded to what a table shows."""
        return {name: float(f"{value:.4g}") if isinstance(value, float) else value
                for name, value in asdict(self).items()}


def pattern_parameters(pattern: str, density: float, config: EseConfig, n_columns: int
                       ) -> dict[str, Any]:
    """What one of these patterns needs for (nearly) this density on a machine."""
    if pattern not in PATTERNS:
        raise InputError(f"no pattern '{pattern}'{nearest(pattern, PATTERNS)}")
    return usual_parameters(pattern, density, config.n_pe, n_columns)


def balance_variants(
    density: float, config: EseConfig
) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """(label, pattern, parameters): without load balance, with balanced weights, and with
    balanced entries, where those count that only extend a run of zeros (so fewer weights stay).
    """
    balanced = {"density": density, "n_pe": config.n_pe}
    return (
        ("unstructured", "unstructured", {"density": density}),
        ("load_balanced", "load_balanced", balanced),
        ("load_balanced, entries", "load_balanced",
         {**balanced, "index_bits": config.index_bits}),
    )


def variants(
    network: PatternNetwork, config: EseConfig, densities: Sequence[float] = DENSITIES
) -> Iterator[tuple[str, str, RecurrentLayer]]:
    """(pattern, origin of the weights, layer): dense, retrained, then one-shot."""
    yield "dense", "as trained", network.layer
    for pattern, layers in network.retrained.items():
        for layer in layers.values():
            yield pattern, "retrained", layer
    for pattern in PATTERNS:
        seen: list[Mapping[str, Any]] = []
        for density in densities:
            parameters = pattern_parameters(pattern, density, config, network.layer.n_inputs)
            if parameters not in seen:
                seen.append(parameters)
                yield pattern, "one-shot", prune_recurrent(network.layer, pattern, **parameters)


def bank_machine(network: PatternNetwork) -> BbsConfig:
    """The bank-balanced machine with banks as wide as the masks', and as many multipliers as ever.

    It multiplies [W?x W?r] with [x, y], whose rows have ``n_inputs + n_outputs`` columns.
    """
    published = load_as(BbsConfig, "bbs")
    n_banks = max((network.layer.n_inputs + network.layer.n_outputs) // BANK_WIDTH, 1)
    n_pe = max(published.n_pe * published.n_banks // n_banks, 1)
    return load_as(BbsConfig, "bbs", n_banks=n_banks, n_pe=n_pe)


def eie_vectors(network: RecurrentFolder) -> Floats:
    """(8, n_inputs + n_cells): [x_t, y_(t-1)] of evenly spaced steps, channels taken in turn."""
    n_steps, n_channels = network.inputs.shape[:2]
    steps = np.linspace(1, n_steps - 1, EIE_VECTORS).astype(int)
    channels = np.arange(EIE_VECTORS) % n_channels
    return np.hstack([network.inputs[steps, channels], network.hidden[steps - 1, channels]])


def vectors_of(network: PatternNetwork) -> dict[str, Floats]:
    """What EIE's products read, by name; of a folder its recorded hidden states."""
    if not isinstance(network, RecurrentFolder):
        return sampled_vectors(network.layer, network.inputs)
    x_and_y = eie_vectors(network)
    n_inputs = network.layer.n_inputs
    return {"x": x_and_y[:, :n_inputs], "y": x_and_y[:, n_inputs:]}


def tradeoff(
    machines: tuple[EieConfig, EseConfig, BbsConfig],
    network: PatternNetwork,
    densities: Sequence[float] = DENSITIES,
    one_shot: bool = True,
    on_row: Callable[[], None] = lambda: None,
) -> list[TradeoffRow]:
    """Every retrained variant of the network and every pattern one-shot, on three machines.

    Parameters
    ----------
    machines : masks are balanced for ESE's PEs; `bank_machine` gives a fitting third one
    densities : of the one-shot variants
    one_shot : whether there are any
    on_row : called after each row, for a progress bar
    """
    wanted = run_float(network.layer, network.inputs).outputs
    vectors = vectors_of(network)
    rows = []
    for variant in variants(network, machines[1], densities if one_shot else ()):
        rows.append(_row(machines, network, wanted, vectors, *variant))
        on_row()
    return rows


def _row(
    machines: tuple[EieConfig, EseConfig, BbsConfig], network: PatternNetwork, wanted: Floats,
    vectors: dict[str, Floats], pattern: str, origin: str, layer: RecurrentLayer,
) -> TradeoffRow:
    eie, ese, bbs = machines
    result = simulate_recurrent(ese, layer, network.inputs)
    timed = measure(ese, layer, pattern, None)
    n_steps, n_channels = network.inputs.shape[:2]
    agree = None
    if isinstance(network, RecurrentFolder):
        agree = float(np.mean(network.decisions(result.outputs_float) == network.decisions(wanted)))
    other = eie_step(eie, layer, vectors)
    on_bbs = layer.kind == "lstm"
    return TradeoffRow(
        pattern, origin, timed.kept,
        relative_error(run_float(layer, network.inputs).outputs, wanted),
        relative_error(result.outputs_float, wanted),
        agree,
        timed.step_us, timed.spmv_us, timed.load_balance, timed.entries_max_over_mean,
        timed.stream_bits, timed.huffman_bits,
        result.energy.events_total_pj * 1e-3 / (n_steps * n_channels),
        other.time_us, other.balance, other.bits, other.huffman_bits, other.energy_nj,
        lstm_step_cycles(bbs, layer) / bbs.clock_mhz if on_bbs else None,
        sum(encode_csb(product.matrix, bbs.n_banks).size_bits(bbs.weight_bits)
            for product in eie_products(layer)) if on_bbs else None,
    )


def relative_error(got: Floats, wanted: Floats) -> float:
    """RMS of the difference over RMS of what was wanted."""
    scale = float(np.sqrt(np.mean(wanted**2))) or 1.0
    return float(np.sqrt(np.mean((got - wanted) ** 2))) / scale
