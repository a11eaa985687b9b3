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
# # How many PEs, how deep a queue, which clock and node?
#
# An architect's question, end to end. More PEs finish sooner, but each has fewer entries of every
# column, so that chance makes some slower than others and all wait. A deeper queue evens that out
# and costs area. A higher clock finishes sooner, if the memories and the critical path of the
# node reach it. Where is it no longer worth it, and what can be built at all?
#
# We ask for three layers of very different shape: `alex-7` (large, 9 % of the weights kept),
# `nt-wd` (long columns, every activation counts) and `nt-we` (short columns: the hard one).
#
# ## What the published memories hold
#
# A PE of the published chip has 128 KB of weights and 32 KB of pointers. With few PEs each would
# have to hold more; a model with unlimited memories (`capacity = "ignore"`, as the paper's figures
# assume) gives such designs a time, though nobody can build them. Of nine PE counts these cannot
# hold one of the three layers:

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import display

from accelsim.report import plots
from accelsim.study import Condition, Results, Study, fronts, run_study
from accelsim.study.scatter import scatter

LAYERS = ("alex-7", "nt-wd", "nt-we")
published = run_study(Study(
    workloads=LAYERS, axes={"n_pe": {"powers_of_two": [1, 256]}}, metrics=["time_us"]))
refused = published[published.error.notna()]
print(f"{refused.n_pe.nunique()} of {published.n_pe.nunique()} PE counts")
pd.set_option("display.max_colwidth", None)
refused.groupby("n_pe").error.agg(lambda told: told.iloc[0].partition(";")[0]).to_frame()

# %% [markdown]
# ## Designs that can be built
#
# So the memories follow the layers: `"fit"` takes the largest need of the three, in steps that the
# SRAM table has. Each design is tried at three nodes and four clocks.

# %%
study = Study(
    workloads=LAYERS,
    set={"spmat_kb": "fit", "pointer_kb": "fit", "pointer_bits": "fit"},
    axes={
        "n_pe": {"powers_of_two": [16, 256]},
        "act_queue_depth": {"powers_of_two": [1, 64]},
        "node_nm": [45, 28, 16],
        "clock_mhz": [400, 800, 1000, 1500],
    },
    metrics=["cycles", "time_us", "load_balance", "energy_uj", "power_w", "area_mm2"],
)
folder = Path(tempfile.mkdtemp())
frame = run_study(study, folder / "sweep.sqlite")
results = Results(folder / "sweep.sqlite")
found = fronts(results, ["time_us", "area_mm2"])
print(f"{len(frame):,} simulations; {len(found.every)} designs, and {len(found.infeasible)} that "
      f"cannot be built: {found.reasons}")

# %% [markdown]
# Which clock a node reaches is no result of a simulation: the critical path of the synthesised
# PE, scaled to the node by published factors, and the cycle of its SRAMs say so. `yes`, or what
# is in the way, at 64 PEs and a queue of 8:

# %%
chosen = frame[(frame.n_pe == 64) & (frame.act_queue_depth == 8) & (frame.workload == "alex-7")]
chosen.pivot(index="node_nm", columns="clock_mhz", values="limits").map(
    lambda text: text.partition(";")[0] or "yes")

# %% [markdown]
# ## Load balance and PEs
#
# At 800 MHz and the published queue of 8: the share of the time that would be left if no PE waited.

# %%
home = frame[(frame.node_nm == 45) & (frame.clock_mhz == 800)]
at_depth_8 = home[home.act_queue_depth == 8]
balance = at_depth_8.pivot(index="workload", columns="n_pe", values="load_balance")
n_pe = [int(n) for n in balance.columns]
plots.efficiency(n_pe, {name: list(100 * row) for name, row in balance.iterrows()},
                 width=plots.COLUMN)

# %% [markdown]
# `nt-we` falls first: 600 rows over 64 PEs leave about nine rows each, of which one in ten is not
# zero. The large layers stay near the ideal.
#
# ## Queue depth
#
# At 64 PEs. Gains flatten beyond 8, which is what the paper chose.

# %%
at_64 = home[home.n_pe == 64]
balance = at_64.pivot(index="workload", columns="act_queue_depth", values="load_balance")
depths = [int(d) for d in balance.columns]
plots.queue_depth(depths, {name: list(100 * row) for name, row in balance.iterrows()},
                  width=plots.COLUMN)

# %% [markdown]
# What one doubling of the queue saves of the time of all three layers, in percent, at each number
# of PEs:

# %%
designs = home.groupby(["n_pe", "act_queue_depth"], as_index=False).agg(
    time_us=("time_us", "sum"), energy_uj=("energy_uj", "sum"))
time = designs.pivot(index="n_pe", columns="act_queue_depth", values="time_us")
(-100 * time.pct_change(axis=1)).iloc[:, 1:].round(2)

# %% [markdown]
# And energy, in microjoules. Few PEs read large memories, many look up every column in each, wait
# more often and are clocked while they wait: the least lies between.

# %%
designs.pivot(index="n_pe", columns="act_queue_depth", values="energy_uj").round(1)

# %% [markdown]
# ## Clock and node
#
# Of the designs with 64 PEs and a queue of 8, those that can be built. Energy hardly depends on the
# clock at one node and voltage: what is counted is counted, and leakage, which takes time, is
# small. It depends on the node, whose factors are published ones (`accelsim/energy/README.md`); a
# front that offers a clock for nothing is told by what cannot be built.

# %%
picked = frame[(frame.n_pe == 64) & (frame.act_queue_depth == 8) & frame.feasible.astype(bool)]
picked.groupby(["node_nm", "clock_mhz"]).agg(
    time_us=("time_us", "sum"), energy_uj=("energy_uj", "sum"), power_w=("power_w", "max"),
    area_mm2=("area_mm2", "max")).round(3)

# %% [markdown]
# ## Which designs are worth building?
#
# For all three layers together. A design is on the *Pareto front* if no other is both faster and
# smaller. First at 45 nm, labelled with PEs and queue; then, with a queue of 8, energy and time at
# all nodes, each up to the clock that it reaches. On the command line,
# `accelsim plot sweep.sqlite --x area_mm2 --y time_us --front` draws the same.

# %%
home_front = scatter(
    results, "area_mm2", "time_us", front=True, log=True, labels=["n_pe", "act_queue_depth"],
    conditions=[Condition.parse("node_nm=45")], width=plots.PAGE)
print(f"{home_front.designs} designs, {home_front.front} on the front, "
      f"{home_front.infeasible} left out that cannot be built: {home_front.reasons}")
display(home_front.figure)

# %%
every_node = scatter(results, "energy_uj", "time_us", front=True, log=True, colour="node_nm",
                     labels=["n_pe"], conditions=[Condition.parse("act_queue_depth=8")],
                     width=plots.COLUMN)
display(every_node.figure)

# %% [markdown]
# Among the designs of one size, a queue of 8 is where the front turns: before it entries buy time
# cheaply, behind it hardly any more. Energy is least at 64 PEs, time at 256; a smaller node buys
# both, and the clock that goes with it.
#
# ## The answer, as figures for a paper
#
# Every figure is a plain matplotlib figure at the size at which it is printed, 3.4 or 7 inches
# wide; `save` writes vector output (svg or pdf).

# %%
for name, figure in (("front-45nm.pdf", home_front.figure), ("nodes.pdf", every_node.figure)):
    path = plots.save(figure, folder / name)
    print(f"{path.name}: {figure.get_figwidth():g} inches wide, {path.stat().st_size:,} bytes")
