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
# # How many PEs, and how deep a queue?
#
# An architect's question, end to end. More PEs finish sooner, but each has fewer entries of every
# column, so that chance makes some slower than others and all wait. A deeper queue evens that out
# and costs area. Where is it no longer worth it?
#
# We ask for three layers of very different shape: `alex-7` (large, 9 % of the weights kept),
# `nt-wd` (long columns, every activation counts) and `nt-we` (short columns: the hard one).

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

from accelsim.report import plots
from accelsim.study import Study, pareto_mask, run_study

study = Study(
    workloads=("alex-7", "nt-wd", "nt-we"),
    set={"capacity": "ignore"},  # memories as large as needed, as in the published figures
    axes={
        "n_pe": {"powers_of_two": [1, 256]},
        "act_queue_depth": {"powers_of_two": [1, 256]},
    },
)
frame = run_study(study)
columns = ["workload", "n_pe", "act_queue_depth", "time_us", "load_balance", "starved_share"]
print(f"{len(frame)} simulations")
frame[columns].head()

# %% [markdown]
# ## Speedup
#
# At the published queue of 8. The grey line is ideal: twice the PEs, twice the speed.

# %%
at_depth_8 = frame[frame.act_queue_depth == 8]
cycles = at_depth_8.pivot(index="workload", columns="n_pe", values="cycles")
n_pe = [int(n) for n in cycles.columns]
speedup = {name: list(row[1] / row) for name, row in cycles.iterrows()}
plots.speedup(n_pe, speedup)

# %% [markdown]
# `nt-we` bends at 32 PEs: 600 rows over 64 PEs leave about nine rows each, of which one in ten is
# not zero. The large layers stay near the ideal. Load balance says the same in percent:

# %%
balance = at_depth_8.pivot(index="workload", columns="n_pe", values="load_balance")
plots.efficiency(n_pe, {name: list(100 * row) for name, row in balance.iterrows()})

# %% [markdown]
# ## Queue depth
#
# At 64 PEs. Gains flatten beyond 8, which is what the paper chose.

# %%
at_64 = frame[frame.n_pe == 64]
balance = at_64.pivot(index="workload", columns="act_queue_depth", values="load_balance")
depths = [int(d) for d in balance.columns]
plots.queue_depth(depths, {name: list(100 * row) for name, row in balance.iterrows()})

# %% [markdown]
# ## Which designs are worth building?
#
# For all three layers together: time against the area of the chip at 45 nm. A design is on the
# *Pareto front* if no other is both faster and smaller. Memories of each PE are the published ones
# (128 KB of weights), so that area grows with the number of PEs; labels name designs with a queue
# of 8.

# %%
designs = frame.groupby(["n_pe", "act_queue_depth"], as_index=False).agg(
    time_us=("time_us", "sum"), energy_uj=("energy_uj", "sum"), area_mm2=("area_mm2", "max")
)
designs["front"] = pareto_mask(designs[["time_us", "area_mm2"]].to_numpy())
front = designs[designs.front]
labels = [f"{row.n_pe:.0f} PEs" if row.act_queue_depth == 8 else "" for row in front.itertuples()]
plots.pareto_scatter(
    designs.area_mm2, designs.time_us, designs.front, "area (mm2)",
    "time of three layers (us)", labels, log=True,
)

# %% [markdown]
# Among the designs of one size, a queue of 8 is where the front turns: before it entries buy time
# cheaply, behind it hardly any more. What one doubling of the queue saves, in percent of the time,
# at each number of PEs:

# %%
time = designs.pivot(index="n_pe", columns="act_queue_depth", values="time_us")
(-100 * time.pct_change(axis=1)).iloc[:, 1:].round(2)

# %% [markdown]
# And energy, in microjoules. It grows with the number of PEs, though zero runs become shorter and
# padding falls away: every PE looks up every column, waits more often, and is clocked while it
# waits. A deep queue costs energy too, for it is clocked whether it is full or not.

# %%
designs.pivot(index="n_pe", columns="act_queue_depth", values="energy_uj").round(1)

# %% [markdown]
# ## The answer, as a figure for a paper
#
# Every figure is a plain matplotlib figure; `save` writes vector output (svg or pdf).

# %%
with tempfile.TemporaryDirectory() as folder:
    path = plots.save(plots.speedup(n_pe, speedup), Path(folder) / "speedup.pdf")
    print(f"{path.name}: {path.stat().st_size:,} bytes")
