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
# # A CNN on an FC engine: where it loses, and what would help
#
# EIE was built for fully connected layers: one long vector, a matrix of thousands of rows. A
# convolution gives it a short vector for each pixel. This notebook runs the compressed LeNet-5 of
# this project, two convolutions and two matrices, and asks where the cycles go.

# %%
# %matplotlib inline
import pandas as pd

import accelsim
from accelsim.report import plots
from accelsim.workload import load_digits

images = load_digits("../traces/lenet-300-100/digits.safetensors")[0][:3].reshape(-1, 1, 28, 28)
network = accelsim.load_network("../traces/lenet-5/pruned.safetensors", network="lenet-5")
packed = accelsim.compress(network, calibration=images)


def run(lowering=None, **changes):
    return accelsim.simulate(accelsim.load_machine("eie", **changes), packed, images,
                             lowering=lowering)


base = run()
pd.DataFrame([
    {"layer": name, "vectors": own.n_vectors // 3, "cycles a digit": own.cycles / 3,
     "share, %": 100 * own.cycles / base.cycles, "load balance, %": 100 * own.load_balance}
    for name, own in base.layers.items()
]).round(1)

# %% [markdown]
# Most of the weights are in `fc1`, and next to none of the time. `conv1` has 20 rows for 64 PEs:
# 44 of them never have an entry, and every one of its 576 vectors has its own start, load, drain
# and store, which are overhead here and nothing in a matrix of thousands of columns.

# %%
plots.cycle_breakdown(list(base.layers.values()), 3)

# %% [markdown]
# ## Lowerings
#
# `pixels` puts several pixels beside each other, each with PEs of its own; `shifted` keeps the sums
# of a row of pixels and runs 1 x 1 products; `auto` tries each and takes the fastest. Cells are
# cycles of the three digits, or a few words that say why there are none.

# %%
auto = run("auto")
pd.DataFrame({name: {**own.tried, "taken": own.lowering}
              for name, own in auto.layers.items() if own.tried}).transpose()

# %% [markdown]
# ## What would help
#
# Fewer PEs lose less of the machine to layers of few rows, loads may hide in the drain before them
# (`overlap`), columns without entries may take no slot, and row changes may be free. Each is one
# setting; the last row has all of them, with the fastest lowering.

# %%
CHANGES = {
    "as published": ({}, None),
    "fastest lowering": ({}, "auto"),
    "loads in the drain": ({"overlap": True}, None),
    "empty columns free": ({"empty_column_cycles": 0}, None),
    "row changes free": ({"row_change_cycles": 0}, None),
    "16 PEs": ({"n_pe": 16}, None),
}
every = {key: value for changes, _ in list(CHANGES.values())[2:5] for key, value in changes.items()}
CHANGES["all but 16 PEs"] = (every, "auto")
rows = []
for what, (changes, lowering) in CHANGES.items():
    result = run(lowering, **changes)
    rows.append({"change": what, "cycles a digit": result.cycles / 3,
                 "of published, %": 100 * result.cycles / base.cycles,
                 "uJ a digit": result.energy.total_uj / 3})
table = pd.DataFrame(rows).set_index("change")
table.round(2)

# %% [markdown]
# Sixteen PEs, a quarter of the area, take about as long as 64: the array is too wide for this
# network, not too slow. What a wide array needs is more rows at once, which `pixels` gives where a
# layer has few, and less between vectors.

# %%
plots.side_by_side(list(table.index), {"LeNet-5": list(table["cycles a digit"])},
                   "Changes of the machine", "cycles a digit", width=plots.PAGE)
