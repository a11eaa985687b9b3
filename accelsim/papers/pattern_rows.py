"""What ``accelsim patterns`` and the README's tables of patterns are made of: rows by question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from accelsim.errors import InputError
from accelsim.machines import BbsConfig, EieConfig, EseConfig, load_as
from accelsim.papers.columns import columns_of
from accelsim.papers.pattern_machines import MachineRow, compare_machines, usual_patterns
from accelsim.papers.patterns import PatternRow, compare_patterns
from accelsim.papers.tradeoff import (
    DENSITIES,
    PatternNetwork,
    TradeoffRow,
    balance_variants,
    bank_machine,
    tradeoff,
    variants,
)
from accelsim.papers.user_network import UserNetwork
from accelsim.records import CscMatrix
from accelsim.workload import load_layer
from accelsim.workload.published_lstm import dense_ese_layer
from accelsim.workload.recurrent_folder import RecurrentFolder

BALANCE_DENSITIES, BALANCE_DEPTHS = (0.112,), (1, 2, 4, 8, 16, 32)
MACHINE_DENSITIES = (0.125,)


@dataclass(frozen=True)
class PatternRows:
    """Rows as plain values, and machine to its columns; "" has those of no machine."""

    rows: list[dict[str, Any]]
    columns: Mapping[str, tuple[str, ...]]


def balance_steps(densities: Sequence[float] = BALANCE_DENSITIES) -> int:
    """How often `balance_rows` calls ``on_step``."""
    return 3 * len(densities)


def balance_rows(
    config: EseConfig,
    densities: Sequence[float] = BALANCE_DENSITIES,
    depths: Sequence[int] = BALANCE_DEPTHS,
    seed: int = 1,
    on_step: Callable[[], object] = lambda: None,
) -> PatternRows:
    """The published LSTM, with and without load-balance-aware pruning, by queue depth.

    Parameters
    ----------
    densities : shares of the weights that stay
    seed : of the synthetic weights
    """
    layer = dense_ese_layer(seed)
    # One PE of an unbalanced matrix may need more than the published buffers hold.
    roomy = config.model_copy(update={"capacity": "ignore"})
    rows: list[dict[str, Any]] = []
    for density in densities:
        for label, pattern, parameters in balance_variants(density, config):
            found = compare_patterns(roomy, layer, {pattern: parameters}, depths)
            rows += [{**asdict(row), "pattern": label} for row in found]
            on_step()
    return PatternRows(rows, columns_of(PatternRow))


def tradeoff_steps(
    config: EseConfig, network: PatternNetwork, densities: Sequence[float] = DENSITIES
) -> int:
    """How often `tradeoff_rows` calls ``on_step``."""
    return sum(1 for _ in variants(network, config, densities))


def tradeoff_rows(
    config: EseConfig,
    network: RecurrentFolder,
    densities: Sequence[float] = DENSITIES,
    on_step: Callable[[], None] = lambda: None,
) -> PatternRows:
    """A real network under every pattern, on EIE, ESE and the bank-balanced machine."""
    machines = load_as(EieConfig, "eie"), config, bank_machine(network)
    found = tradeoff(machines, network, densities, on_row=on_step)
    return PatternRows([row.as_dict() for row in found], columns_of(TradeoffRow))


def user_rows(
    config: EseConfig, network: UserNetwork, densities: Sequence[float],
    on_step: Callable[[], None] = lambda: None,
) -> PatternRows:
    """Any recurrent layer under every pattern, on EIE, ESE and, an LSTM, the bank-balanced machine.

    Buffers are taken as large as a matrix needs.
    """
    machines = (load_as(EieConfig, "eie", capacity="ignore"),
                config.model_copy(update={"capacity": "ignore"}), bank_machine(network))
    found = tradeoff(machines, network, densities, on_row=on_step)
    return PatternRows([row.as_dict() for row in found], columns_of(TradeoffRow))


def machine_rows(
    config: EseConfig,
    source: str,
    name: str | None = None,
    densities: Sequence[float] = MACHINE_DENSITIES,
) -> PatternRows:
    """A dense layer under every pattern on three machines.

    Parameters
    ----------
    source, name : a file, and which of its layers; or a shape drawn with density 1

    Raises
    ------
    InputError
        If the layer is stored sparse.
    """
    opened = load_layer(source, name)
    weights = opened.weights
    if isinstance(weights, CscMatrix):
        if weights.nnz < opened.shape[0] * opened.shape[1]:
            raise InputError(f"{source}: {opened.name} is stored sparse; patterns prune dense "
                             f"weights")
        weights = weights.to_dense()
    eie = load_as(EieConfig, "eie", capacity="ignore")
    bbs = load_as(BbsConfig, "bbs")
    ese = config.model_copy(update={"capacity": "ignore"})
    rows: list[dict[str, Any]] = []
    for density in densities:
        chosen = usual_patterns(density, eie, bbs)
        rows += [asdict(row) for row in compare_machines((eie, ese, bbs), weights, chosen)]
    return PatternRows(rows, columns_of(MachineRow))
