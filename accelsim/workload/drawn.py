"""Layers of any shape by a name alone: ``random:4096x14336:density=0.5:activations=0.3``.

===================================  =============================================================
``random:OUTPUTSxINPUTS``            one layer, drawn by `accelsim.workload.synthetic`'s recipe
``random:lstm:CELLSxINPUTS``         an LSTM (or ``gru``) without biases, and an utterance
===================================  =============================================================

Behind the shape, in any order and each after a colon: ``density=`` of the weights (1 if absent),
``activations=`` the density of the inputs (a layer without it has none, an utterance is dense),
``seed=`` (the command's or the study's if absent), ``bias=yes`` of a layer, ``steps=`` and
``channels=`` of an utterance (10 and 1 if absent).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.records import Layer
from accelsim.records.cells import CELLS
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.synthetic import random_layer

PREFIX = "random:"
EXAMPLE = "random:4096x14336:density=0.5:activations=0.3"
KINDS = ("lstm", "gru")
MAX_NON_ZEROS = 1 << 28
"""Most weights that a name may ask for, 1 GiB in float32."""

_MAX_UTTERANCE = 1 << 26


@dataclass(frozen=True)
class Drawn:
    """What such a name says.

    Attributes
    ----------
    kind : "layer", or one of `KINDS`
    n_outputs : outputs of the layer; cells, and outputs, of a recurrent one
    density, activations : shares of non-zeros, 0 to 1; ``activations`` None for no inputs
    seed : None is the caller's
    """

    kind: str
    n_outputs: int
    n_inputs: int
    density: float = 1.0
    activations: float | None = None
    seed: int | None = None
    bias: bool = False
    steps: int = 10
    channels: int = 1

    @property
    def is_recurrent(self) -> bool:
        """Whether it is run on an utterance."""
        return self.kind in KINDS

    @property
    def name(self) -> str:
        """The same layer's one spelling."""
        parts = [self._shape]
        if self.activations is not None:
            parts.append(f"activations={_exact(self.activations)}")
        if self.is_recurrent:
            parts += [f"steps={self.steps}", f"channels={self.channels}"]
        return ":".join(parts + ([] if self.seed is None else [f"seed={self.seed}"]))

    @property
    def _shape(self) -> str:
        """What the weights depend on but for the seed: other inputs leave them as they are."""
        kind = f"{self.kind}:" if self.is_recurrent else ""
        return (f"{PREFIX}{kind}{self.n_outputs}x{self.n_inputs}:density={_exact(self.density)}"
                + ":bias=yes" * self.bias)

    def layer(self, seed: int) -> Layer:
        """The layer with its input vector, if it has one.

        Parameters
        ----------
        seed : unless the name has one
        """
        drawn = random_layer(
            (self.n_outputs, self.n_inputs), self.density, self.activations or 0.0,
            self._seed(seed), bias=self.bias, name=self._shape,
        )
        inputs = None if self.activations is None else drawn.activations
        return replace(drawn, name=self.name, activations=inputs)

    def recurrent(self, seed: int) -> tuple[RecurrentLayer, npt.NDArray[np.float64]]:
        """The layer and its utterance, (steps, channels, n_inputs); matrices as those of `layer`,
        inputs half-normal as after a ReLU.

        Parameters
        ----------
        seed : unless the name has one
        """
        cell, chosen = CELLS[self.kind], self._seed(seed)
        widths = (dict.fromkeys(cell.input_matrices, self.n_inputs)
                  | dict.fromkeys(cell.recurrent_matrices, self.n_outputs))
        matrices = {
            name: random_layer((self.n_outputs, width), self.density, 0.0, chosen,
                               name=f"{self._shape}/{name}").weights
            for name, width in widths.items()
        }
        n = self.steps * self.channels * self.n_inputs
        share = 1.0 if self.activations is None else self.activations
        vector = random_layer((1, n), 0.0, share, chosen, name=f"{self._shape}/inputs").activations
        return RecurrentLayer(
            self.kind, matrices, name=self.name,
            provenance=MappingProxyType({
                "source": "synthetic", "seed": chosen, "density": self.density,
                "weights": "independent positions; magnitude-pruned normal, sigma 1/sqrt(columns)",
            }),
        ), np.asarray(vector, dtype=np.float64).reshape(self.steps, self.channels, self.n_inputs)

    def _seed(self, seed: int) -> int:
        return seed if self.seed is None else self.seed


def parse_drawn(text: str) -> Drawn:
    """What a name that begins with ``random:`` says.

    Raises
    ------
    InputError
        If it is not spelled as above, or a number is out of range.
    """
    words = text.removeprefix(PREFIX).split(":")
    kind = words.pop(0) if words[0] in KINDS else "layer"
    shape = re.fullmatch(r"([0-9]{1,9})x([0-9]{1,9})", words[0] if words else "")
    if shape is None:
        what = "CELLSxINPUTS" if kind in KINDS else "OUTPUTSxINPUTS"
        raise InputError(f"{text}: the shape is '{words[0] if words else ''}'; need {what}, for "
                         f"instance {EXAMPLE}")
    known = {"density": _share, "activations": _share, "seed": _count(0)}
    known |= ({"steps": _count(1), "channels": _count(1)} if kind in KINDS
              else {"bias": _yes_or_no})
    given: dict[str, Any] = {}
    for word in words[1:]:
        key, _, value = word.partition("=")
        if key not in known:
            raise InputError(f"{text}: unknown '{key}'{nearest(key, known)}")
        if key in given:
            raise InputError(f"{text}: {key} is given twice; leave one out")
        given[key] = known[key](f"{text}: {key}", value)
    return _checked(text, Drawn(kind, int(shape[1]), int(shape[2]), **given))


def _checked(text: str, drawn: Drawn) -> Drawn:
    if min(drawn.n_outputs, drawn.n_inputs) < 1:
        raise InputError(f"{text}: the shape is {drawn.n_outputs} x {drawn.n_inputs}; need at "
                         f"least 1 x 1")
    columns = drawn.n_inputs
    if drawn.is_recurrent:
        cell = CELLS[drawn.kind]
        columns = (len(cell.input_matrices) * drawn.n_inputs
                   + len(cell.recurrent_matrices) * drawn.n_outputs)
    positions = drawn.n_outputs * columns
    if positions * drawn.density > MAX_NON_ZEROS or positions > MAX_NON_ZEROS << 6:
        raise InputError(f"{text}: {drawn.n_outputs} x {columns} weights at density "
                         f"{drawn.density:g}; at most {MAX_NON_ZEROS:,} non-zeros and "
                         f"{MAX_NON_ZEROS << 6:,} positions; cut the layer into parts")
    if drawn.is_recurrent and drawn.steps * drawn.channels * drawn.n_inputs > _MAX_UTTERANCE:
        raise InputError(f"{text}: {drawn.steps} steps of {drawn.channels} channels; at most "
                         f"{_MAX_UTTERANCE:,} inputs in all; take fewer steps")
    return drawn


def _exact(share: float) -> str:
    """The shortest text that reads back as the same number."""
    return repr(share).removesuffix(".0")


def _share(where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise InputError(f"{where} is '{text}'; need 0 to 1")
    return value


def _count(lowest: int) -> Callable[[str, str], int]:
    def parse(where: str, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < lowest:
            raise InputError(f"{where} is '{text}'; need an integer, {lowest} or more")
        return int(text)

    return parse


def _yes_or_no(where: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise InputError(f"{where} is '{text}'; need yes or no")
    return text == "yes"
