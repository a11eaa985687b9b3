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
# # A first look
#
# A neural network's layer multiplies a matrix of weights with a vector of activations. After
# training, most weights can be set to zero without harm, and behind a ReLU most activations are
# zero anyway. **EIE** is an accelerator built on that: it stores only the weights that are not
# zero, as 4-bit codes, and sends only the activations that are not zero.
#
# * 64 *processing elements* (PEs) share the matrix: row *i* belongs to PE *i mod 64*.
# * A control unit walks along the activations. Each one that is not zero is *broadcast* to all
#   PEs, one a cycle.
# * Every PE keeps broadcasts in a small *queue*, looks up where its part of that column begins,
#   and works through its entries: one multiply-accumulate a cycle.
# * If one PE's queue is full, the broadcast waits, and in the end everybody does. That is *load
#   imbalance*.
#
# This notebook runs one layer and looks at what happened, in ten lines.

# %%
# %matplotlib inline
import accelsim
from accelsim.report import plots

config = accelsim.load_config("eie")
layer = accelsim.load_layer("alex-7", seed=1)  # 4096 x 4096, 9 % of the weights kept, synthetic
packed = accelsim.compress(layer)  # 4-bit codes, 4-bit zero runs
result = accelsim.simulate(config, packed, layer.activations)

print(f"{result.cycles:,} cycles, {result.time_us:.2f} us at {config.clock_mhz:g} MHz")
print(f"without any imbalance it would be {result.theoretical_us:.2f} us")
print(f"load balance {100 * result.load_balance:.1f} %")
print(f"first outputs: {result.outputs_float[:4].round(3)}")

# %% [markdown]
# The published chip takes 12.2 us for AlexNet's real layer of this shape.
#
# ## Where did the cycles go?
#
# Every PE is in exactly one state in every cycle. *Padding* are entries that only bridge a run of
# zeros too long for the 4-bit count; *starved* is a PE with nothing to do while another is
# behind; *overhead* is the start and the emptying of the pipeline. Three layers of very different
# shape:

# %%
machine = accelsim.load_config("eie", capacity="ignore")  # memories as large as a layer needs
results = []
for name in ("alex-7", "vgg-7", "nt-we"):
    layer = accelsim.load_layer(name, seed=1)
    results.append(accelsim.simulate(machine, accelsim.compress(layer), layer.activations))
plots.cycle_breakdown(results)

# %% [markdown]
# `alex-7` keeps its PEs busy. `vgg-7` keeps only 4 % of its weights, so that zero runs are long
# and a third of the work is padding. `nt-we` has only 600 rows: about one entry for each PE and
# column, so that PEs wait for one another.
#
# ## Who makes the others wait?
#
# Entries that each PE worked through, over the mean of its layer. In `nt-we` 600 rows over 64 PEs
# make ten rows for the first 24 PEs and nine for the others, which is plain to see:

# %%
plots.pe_load_heatmap(results)

# %% [markdown]
# ## What bounds it?
#
# A *roofline* shows operations a second against operations for each byte of weights read. EIE
# reads weights from SRAM next to each PE; fed from a DRAM of 25.6 GB/s instead, the same layers
# could not get above the open markers, whatever the arithmetic.

# %%
plots.roofline(machine, results, dram_gb_s=25.6)

# %% [markdown]
# ## Can I trust it?
#
# The machine is told three times: in Verilog, as a readable SimPy model (`engine="reference"`)
# and as this fast one. They must agree in every output bit, every cycle and every counter. On a
# small layer:

# %%
small = accelsim.load_layer("nt-lstm", seed=1)
packed = accelsim.compress(small)
fast = accelsim.simulate(machine, packed, small.activations, engine="fast")
reference = accelsim.simulate(machine, packed, small.activations, engine="reference")
print("outputs equal:", (fast.outputs == reference.outputs).all())
print("cycles:", fast.cycles, reference.cycles)
print("first counter that differs:", fast.counters.difference(reference.counters))
