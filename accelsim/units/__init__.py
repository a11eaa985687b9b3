"""Hardware units that several machines share, in the two phases of `clock`.

Each says its signals once (`accelsim.records.signals`); traces and expected RTL traces read them
from there.
"""
