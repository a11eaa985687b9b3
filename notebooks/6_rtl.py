# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The hardware beside the model
#
# The accelerator exists as Verilog too. Here one layer runs on both: on the Verilog array, in the
# simulator Icarus Verilog, and on the SimPy model. They must agree in every output bit, in every
# counter, and in every cycle of every signal that the PEs report. (Icarus Verilog 11 or newer
# must be installed; the first cell compiles the array with eight PEs.)

# %%
# %matplotlib inline
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd

import accelsim
from accelsim.api import choose_binary_points, make_job
from accelsim.formats import StoredEntries
from accelsim.report import plots
from accelsim.rtl_bridge import cosim, run_layer
from accelsim.workload import random_layer

RTL = accelsim.data_folder("rtl")
builds = tempfile.TemporaryDirectory()

config = accelsim.load_config("eie", n_pe=8)
layer = random_layer((200, 160), weight_density=0.1, activation_density=0.4, seed=1, name="random")
packed = accelsim.compress(layer)
job = make_job(config, packed, layer.activations, choose_binary_points(config, packed))

report = cosim(config, job, [RTL], Path(builds.name))
print("equal in everything:", report.equal)
print(f"cycles: Verilog {report.cycles_rtl}, model {report.cycles_model}")
print("outputs equal:", report.outputs_equal)
print("first counter that differs:", report.counter_difference)
print("first cycle that differs:", report.trace_difference)

# %% [markdown]
# ## The counters of both
#
# The array counts in hardware what the model counts in software. Some of them, added up over the
# PEs:

# %%
rtl = run_layer(config, job, [RTL], Path(builds.name))
model = accelsim.simulate(config, packed, layer.activations).counters
names = ["broadcasts", "blocked_cycles", "issued_entries", "padding_entries", "starved_cycles",
         "spmat_line_reads", "macs", "adder_bypasses", "write_bypasses"]
names = [name for name in names if name in rtl.counters]
totals = model.totals()
pd.DataFrame({
    "Verilog": {name: int(sum(rtl.counters[name])) if hasattr(rtl.counters[name], "__len__")
                else rtl.counters[name] for name in names},
    "model": {name: totals[name] for name in names},
})

# %% [markdown]
# ## Would a mistake be seen?
#
# A comparison that cannot fail says nothing. Change the weight codes of one PE in the memory
# images that only the Verilog gets: the outputs that differ must be that PE's rows and no others.

# %%
victim = 3
codes = job.image.codes.copy()
part = codes[job.image.pe_starts[victim] : job.image.pe_starts[victim + 1]]
part[part > 1] -= 1
image = job.image
entries = StoredEntries(image.shape, image.pointers, image.pe_starts, codes, image.runs)
broken = replace(job, image=replace(image, entries=entries))
wrong = run_layer(config, broken, [RTL], Path(builds.name))
good = accelsim.simulate(config, packed, layer.activations, engine="functional").outputs
raw = wrong.outputs.clip(min=0)  # the array gives accumulators, the layer ends with a ReLU
rows = (raw != good).nonzero()[0]
print(f"{len(rows)} outputs differ; they belong to PE {sorted({int(row) % 8 for row in rows})}")

# %% [markdown]
# ## Speed of the three tellings
#
# Verilog for the hardware itself, SimPy to read and extend, Numba to sweep. Cycles simulated a
# second on a larger layer, measured as this notebook ran; the start of the Verilog simulator and
# the loading of the memories are part of it, as they are in use.

# %%
large = random_layer((480, 500), weight_density=0.1, activation_density=0.5, seed=2, name="large")
packed = accelsim.compress(large)
job = make_job(config, packed, large.activations, choose_binary_points(config, packed))


def cycles_per_second(run):
    run()  # compiles at first
    begin = time.perf_counter()
    cycles = run().cycles
    return cycles / (time.perf_counter() - begin)


def simulate(engine):
    return lambda: accelsim.simulate(config, packed, large.activations, engine=engine)


speeds = {
    "Verilog (Icarus)": cycles_per_second(
        lambda: run_layer(config, job, [RTL], Path(builds.name), counters=False)
    ),
    "SimPy": cycles_per_second(simulate("reference")),
    "Numba": cycles_per_second(simulate("fast")),
}
pd.Series(speeds, name="cycles a second").map("{:,.0f}".format)

# %%
plots.side_by_side(list(speeds), {"this layer": list(speeds.values())},
                   "Simulated cycles a second", "cycles/s", log=True)

# %%
builds.cleanup()
