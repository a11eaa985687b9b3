"""A design: what is chosen of each layer, and of the machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from accelsim.study.axes import Scalar


@dataclass(frozen=True)
class LayerChoice:
    """What is chosen of a layer.

    Attributes
    ----------
    density : share of its weights that stays
    table : of `accelsim.compression.tables`
    weight_bits, index_bits : bits of a code and of a zero run: the machine is set to them while it
        runs the layer
    balanced : whether the rows are stored in an order that evens out the PEs' work
        (`accelsim.compression.permute`)
    """

    density: float = 1.0
    table: str = "kmeans"
    weight_bits: int = 4
    index_bits: int = 4
    balanced: bool = False


@dataclass(frozen=True)
class Design:
    """Choices by layer, and the machine's settings that differ from the search's machine."""

    layers: Mapping[str, LayerChoice]
    machine: Mapping[str, Scalar] = field(default_factory=dict)

    def changed(self, name: str, **own: Any) -> Design:
        """With other choices of one layer."""
        return replace(self, layers={**self.layers, name: replace(self.layers[name], **own)})

    def on(self, **settings: Scalar) -> Design:
        """With other settings of the machine."""
        return replace(self, machine={**self.machine, **settings})

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"layers": {name: asdict(choice) for name, choice in self.layers.items()},
                "machine": dict(self.machine)}

    def as_text(self) -> str:
        """JSON on few characters: by layer density, table, bits of a code and a run, order."""
        layers = {name: list(asdict(choice).values()) for name, choice in self.layers.items()}
        return json.dumps([layers, dict(self.machine)], separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Design:
        """Of `as_text`."""
        layers, machine = json.loads(text)
        return cls({name: LayerChoice(*own) for name, own in layers.items()}, dict(machine))
