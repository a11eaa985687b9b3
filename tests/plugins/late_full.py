"""EIE whose "some queue is full" wire takes a cycle of its own: what does the long wire cost?

The flag passes a register on its way to the control unit, so it has to rise one column early. All
else is EIE's: one unit is replaced, and one rule of the contract.
"""

from dataclasses import replace
from functools import partial
from typing import Literal

from pydantic import Field

from accelsim.machines import get_machine
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.machines.eie.reference.pe import Pe
from accelsim.units.act_queue import ActQueue

EIE = get_machine("eie")


class LateConfig(EieConfig):
    """EIE's numbers; a queue of one would always be almost full. PEs of its own have no bitmap."""

    machine: Literal["eie_late"] = Field(description="which machine these numbers describe")
    act_queue_depth: int = Field(ge=2, le=4096, description="entries a PE's queue can hold")
    index: Literal["zero_runs"] = Field(description="what says an entry's row")
    issue_width: Literal[1] = Field(description="entries that a PE issues in a cycle")


class LateFullQueue(ActQueue):
    """Q2 changed: ``full`` is what the queue held before the last edge, less one column."""

    __slots__ = ()

    def load(self):
        almost_full = len(self.items) >= self.depth - 1
        super().load()
        self.full = almost_full


class LatePe(Pe):
    """Stays awake until its flag is down: the flag falls a cycle after the queue is empty."""

    __slots__ = ()
    ACT_QUEUE = LateFullQueue

    def _sleep(self):
        if not self.act_queue.full:
            yield from super()._sleep()


class LateEie(Eie):
    PE = LatePe


MACHINE = replace(
    EIE,
    config=LateConfig,
    config_file=EIE.config_text.replace('machine = "eie"', 'machine = "eie_late"'),
    tellings={"functional": EIE.tellings["functional"],
              "reference": partial(run, wiring=LateEie)},
    # These replay EIE from its fast engine's recurrence, or are EIE's own Verilog.
    explain=None, watch=None, tracks=None, rtl=None,
    replaces=("Q2: a queue is full to the control unit, a cycle later, from depth - 1 columns on",),
)
