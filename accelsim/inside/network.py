"""Where the cycles of a network went, layer by layer, and what is left to the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.inside.explain import Explanation
from accelsim.records.network_result import NetworkResult
from accelsim.records.shown import Short


@dataclass(frozen=True, eq=False)
class NetworkExplanation(Short):
    """Each layer of one run, all images together.

    Attributes
    ----------
    layers : node's name to its explanation, in order
    """

    result: NetworkResult
    layers: Mapping[str, Explanation]

    def lost(self, name: str) -> tuple[str, float]:
        """The state, useful work left out, in which most PE-cycles of a layer went, and its
        share of them."""
        _, *others = self.layers[name].shares().items()
        return max(others, key=lambda item: item[1], default=("", 0.0))

    def states(self) -> dict[str, float]:
        """PE-cycles of all layers in each state."""
        found: dict[str, float] = {}
        for own in self.layers.values():
            for state, cycles in own.states.items():
                found[state] = found.get(state, 0.0) + int(cycles.sum())
        return found

    def rows(self) -> list[dict[str, Any]]:
        """A row a layer: cycles, share of the network's, what bounds it, and every state's share.
        """
        rows = []
        for name, own in self.layers.items():
            result, (state, share) = self.result.layers[name], self.lost(name)
            shares = {f"{key}_share": value for key, value in own.shares().items()}
            rows.append({
                "layer": name, "lowering": result.lowering or "vector",
                "vectors": result.n_vectors, "cycles": result.cycles,
                "share": result.cycles / self.result.cycles,
                "cycles_a_vector": result.cycles / result.n_vectors,
                "largest_loss": state, "largest_loss_share": share, **shares})
        return rows

    @property
    def host_share(self) -> float:
        """Operations of the host over those of host and array; a multiply-accumulate is one."""
        return self.result.host_operations / (self.result.host_operations + self.result.macs)

    @property
    def finding(self) -> str:
        """Where most cycles go, what bounds that layer, and what the host is left."""
        name = max(self.result.layers, key=lambda layer: self.result.layers[layer].cycles)
        share = self.result.layers[name].cycles / self.result.cycles
        states = self.states()
        total, (useful, *_) = sum(states.values()), states.values()
        state, lost = self.lost(name)
        return (
            f"{name} takes {100 * share:.1f} % of {self.result.cycles:,} cycles, and "
            f"{100 * lost:.1f} % of its PE-cycles are '{state}'; {100 * useful / total:.1f} % of "
            f"the network's PE-cycles are useful work. The host does "
            f"{self.result.host_operations:,} operations ({100 * self.host_share:.1f} % of all, a "
            f"multiply-accumulate counted as one) on {self.result.host_bytes:,} bytes, which are "
            f"not timed")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {
            "network": self.result.name, "images": self.result.n_images,
            "cycles": self.result.cycles, "time_us": self.result.time_us,
            "n_pe": self.result.config.n_pe, "finding": self.finding, "layers": self.rows(),
            "host": [vars(work) for work in self.result.host],
            "host_operations": self.result.host_operations,
            "host_bytes": self.result.host_bytes, "host_share": self.host_share,
            "notes": list(self.result.notes),
            "losses": [loss.as_dict() for own in self.result.layers.values()
                       for loss in own.losses],
        }
