"""What units of the reference show in a cycle, by the names of the trace's fields."""

from __future__ import annotations

from accelsim.machines.ese.reference.pe import EsePe
from accelsim.records.signals import Signals

Seen = dict[str, int]
"""Field to value, two's complement of any length; a field that is not there is zero."""

PE_UNITS = {
    "act_queue": {"count": "count_o"},
    "ptr_read": {"pop": "pop_o", "column": "column_i"},
    "weight_read": {"busy": "busy_o", "entry": "entry", "end": "end_i", "issue": "issue_o",
                    "empty": "empty_o"},
    "arith_unit": {name: f"{name}_o" for name in (
        "padding", "mac", "read_row", "adder_bypass", "write_bypass", "saturation", "write",
        "write_row", "write_value")},
}
"""Unit to its fields and the signals that they are."""


class PeFields:
    """The fields of one PE."""

    def __init__(self, pe: EsePe) -> None:
        self._pe = pe
        self._units: list[tuple[str, dict[str, str], Signals]] = [
            (name, PE_UNITS[name], unit.signals()) for name, unit in pe.units()
        ]
        self._activation = 0
        self._stage1 = False

    def seen(self) -> Seen:
        """This cycle's; asked in every cycle of a multiplication, as stage 1 is a cycle behind."""
        found: Seen = {}
        for unit, fields, signals in self._units:
            told = signals.values()
            for field, signal in fields.items():
                value = told[signal]
                if value:
                    found[f"{unit}.{field}"] = value
        row = self._pe.arith_unit.row2
        if row >= 0 and self._pe.accumulators[row]:
            found["arith_unit.read_value"] = self._pe.accumulators[row]
        if self._stage1:
            found["weight_read.activation"] = self._activation
        read = self._pe.weight_read
        self._stage1, self._activation = read.advances, read.activation
        return found
