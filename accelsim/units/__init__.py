"""Hardware units that several machines share, in the two phases of `clock`.

Each says its signals once (`signals`); traces and expected RTL traces read them from there.
"""

from accelsim.records.signals import Signals

__all__ = ["Signals"]
