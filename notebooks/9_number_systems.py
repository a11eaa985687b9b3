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
# # The cheapest number system at equal error
#
# EIE's decoder is a table, so it can hold any number system with few values. Powers of two need a
# shifter instead of a multiplier, signs an adder. Which one classifies as well as the others and
# takes the least energy?
#
# The network is LeNet-300-100 on MNIST, pruned to 8, 9 and 26 % of its weights. Its values go into
# each table without training; 500 digits are classified in fixed point, and some are run cycle by
# cycle on 64 PEs.

# %%
# %matplotlib inline
import json

import pandas as pd

import accelsim
from accelsim.report import plots
from accelsim.sources import open_network
from accelsim.study.number_systems import SYSTEMS, number_systems
from accelsim.workload import load_digits

TRACES = accelsim.data_folder("traces")
network = open_network(str(TRACES / "lenet-300-100" / "pruned.safetensors"))
images, labels = load_digits(TRACES / "lenet-300-100" / "digits.safetensors")
rows = number_systems(accelsim.load_machine("eie"), network, images[:500], labels[:500],
                      SYSTEMS, timed=2)
table = pd.DataFrame([row.as_dict() for row in rows])
table["error"] *= 100
table["KB"] = table.huffman_bits / 8192
columns = ["table", "bits", "rows", "multiplier", "error", "KB", "cycles", "energy_nj",
           "decoder_nand2", "arith_nand2"]  # rows share a table; NaN: all of a layer
table[columns].round(2)

# %% [markdown]
# ## Equal error
#
# Of those that err at most half a point more than the best, the cheapest. Cycles hardly differ: a
# code is a code. What differs is how many codes share a line of memory, and the unit behind the
# decoder.

# %%
equal = table[table.error <= table.error.min() + 0.5].sort_values("energy_nj")
equal[columns].round(2)

# %%
best, usual = equal.iloc[0], table[(table.table == "kmeans") & (table.bits == 4)].iloc[0]
print(f"{best.table} at {best.bits} bits on a '{best.multiplier}' datapath: "
      f"{100 * (1 - best.energy_nj / usual.energy_nj):.1f} % less energy than k-means at 4 bits, "
      f"{usual.arith_nand2 / best.arith_nand2:.1f} times fewer gates in the arithmetic unit, "
      f"error {best.error:.1f} % against {usual.error:.1f} %")

# %%
best_of = table.sort_values("error").groupby("table").head(1)
plots.accuracy_energy({
    f"{row.table} {row.bits}": (row.energy_nj, 100 - row.error) for row in best_of.itertuples()})

# %% [markdown]
# ## With training
#
# Two values a layer are too few for weights that were never trained for them. What training does is
# in `traces/number-systems`: dense networks, all 10,000 test digits, percent wrong, the mean of the
# seeds.

# %%
kept = json.loads((TRACES / "number-systems" / "lenet-300-100.json").read_text())
trained = pd.DataFrame(kept["rows"]).groupby(["table", "bits"]).mean(numeric_only=True)
trained.drop(columns="seed").round(2)
