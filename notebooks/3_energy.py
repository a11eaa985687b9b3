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
# # Where the picojoules go
#
# Moving a number costs more than computing with it. At 45 nm a 32-bit multiplication takes about
# 3 pJ, reading the 32 bits from a small SRAM 5 pJ, and from DRAM 640 pJ. EIE keeps all weights in
# SRAM, and few of them: that is its whole point. This notebook prices what the simulator counted:
# every access and operation has an energy with a source, every PE leaks, and the clock runs all
# the time.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import pandas as pd

import accelsim
from accelsim.energy import load_sram_table, price
from accelsim.report import plots

config = accelsim.load_config("eie", capacity="ignore")  # memories as large as a layer needs
results = []
for name in ("alex-7", "vgg-7", "nt-we", "nt-wd"):
    layer = accelsim.load_layer(name, seed=1)
    packed = accelsim.compress(layer)
    results.append(accelsim.simulate(config, packed, layer.activations, outputs=False))
reports = {result.name: result.energy for result in results}

pd.DataFrame({
    name: {
        "energy, uJ": e.total_uj, "time, us": e.time_us, "power, W": e.power_w,
        "pJ a multiply-accumulate": e.pj_per_mac, "GOP/s/W": e.gops_per_w,
        "layers a second": e.frames_per_s, "layers a joule": e.frames_per_j,
        "area, mm2": e.total_mm2,
    }
    for name, e in reports.items()
}).round(2)

# %% [markdown]
# The published chip takes 0.59 W and 40.8 square millimetres. The energy model was calibrated
# once, on `alex-7`, to the published power of each module of a PE; everything else follows from
# counters.
#
# ## By module
#
# * `spmat_read` reads weights, 64 bits at a time; `ptr_read` looks up where each column begins
#   and ends;
# * `arith_unit` multiplies and adds; `act_rw` keeps activations and sums; `act_queue` holds
#   broadcasts.

# %%
plots.energy_breakdown({
    name: {module: pj / 1000 for module, pj in e.modules_pj.items()} for name, e in reports.items()
})

# %% [markdown]
# Arithmetic is a small part; memory is most of it. `nt-we` has about one entry for each PE and
# column, and so spends more on finding its weights than on reading them.
#
# ## By cause
#
# The same energy, by what it was spent on. *Padding* entries are read and stepped over; *starved*
# PEs leak and are clocked.

# %%
plots.energy_breakdown({
    name: {cause: pj / 1000 for cause, pj in e.causes_pj.items()} for name, e in reports.items()
})

# %%
pd.DataFrame({
    name: {cause: 100 * pj / e.total_pj for cause, pj in e.causes_pj.items()}
    for name, e in reports.items()
}).round(1)

# %% [markdown]
# ## What if the weights came from DRAM?
#
# The same reads of weights and pointers, at the price of DRAM. And a dense layer in 32-bit
# floating point would have to fetch every weight: no pruning, no 4-bit codes, no zeros skipped.

# %%
dram_pj_per_bit = 640 / 32
rows = {}
for result in results:
    e = result.energy
    row = accelsim.load_layer(result.name).shape
    rows[result.name] = {
        "from SRAM, all of EIE, uJ": e.total_uj,
        "the same reads from DRAM, uJ": e.dram_pj / 1e6,
        "dense, 32 bits, from DRAM, uJ": row[0] * row[1] * 32 * dram_pj_per_bit / 1e6,
    }
pd.DataFrame(rows).T.round(1)

# %% [markdown]
# ## How wide should a line of the weight memory be?
#
# A wide line brings more weights with one read, but the next column that is needed may lie
# somewhere else, and what was fetched with it is lost. A narrow line is read more often. Reads
# are counted; the energy of a read is CACTI's for a 128 KB array at 45 nm, made to run at 800 MHz
# from three kinds of transistors.

# %%
layer = accelsim.load_layer("alex-7", seed=1)
packed = accelsim.compress(layer)
widths = [32, 64, 128, 256, 512]
reads, pj_per_read = [], {"hp": [], "lop": [], "lstp": []}
for width in widths:
    machine = accelsim.load_config("eie", capacity="ignore", spmat_width_bits=width)
    run = accelsim.simulate(machine, packed, layer.activations, outputs=False)
    reads.append(int(run.counters.spmat_line_reads.sum()))
    for device, energies in pj_per_read.items():
        report = price(machine, run.counters, load_sram_table(device, "800mhz"))
        energies.append(report.events_pj["spmat_read"] / reads[-1])
plots.line_width_energy(widths, reads, pj_per_read)

# %% [markdown]
# The paper found the least energy at 64 bits, and so do low-standby-power transistors (`lstp`), the
# only ones whose leakage fits the published power of a PE. To take an access every 1.25 ns their
# array is cut into many small ones, and a wide line then pays in wires. The faster kinds (`lop`,
# `hp`) reach the clock as they are, and gain from wider lines.
#
# ## The answer, as a figure for a paper

# %%
with tempfile.TemporaryDirectory() as folder:
    figure = plots.line_width_energy(widths, reads, pj_per_read)
    path = plots.save(figure, Path(folder) / "line-width.pdf")
    print(f"{path.name}: {path.stat().st_size:,} bytes")
