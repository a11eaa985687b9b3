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
# # Compression: accuracy, storage and cycles
#
# A real network, LeNet-300-100 trained on MNIST, with three fully connected layers of 235,200,
# 30,000 and 1,000 weights. How far can it be compressed, what does that cost in accuracy, and
# what does the accelerator gain?
#
# Three steps (Deep Compression): *prune* small weights to zero, *share* one of a few values among
# many weights, *encode* the gaps between the weights that are left.

# %%
# %matplotlib inline
import pandas as pd

import accelsim
from accelsim.compression import Recipe, compress_network, compression_table
from accelsim.network import accuracy, calibrated, simulate_network
from accelsim.report import plots
from accelsim.workload import load_digits, load_network

TRACES = accelsim.data_folder("traces") / "lenet-300-100"
dense = load_network(TRACES / "dense.safetensors").layers
pruned = load_network(TRACES / "pruned.safetensors").layers  # 8 %, 9 % and 26 % kept, retrained
images, labels = load_digits(TRACES / "digits.safetensors")
print(f"{len(images)} digits; {sum(layer.shape[0] * layer.shape[1] for layer in dense):,} weights")

# %% [markdown]
# ## The table
#
# Kept weights, bits of a code before and after Huffman coding, and the size of each layer as a
# share of its dense size. The paper reports 40 times for this network.

# %%
packed = calibrated(compress_network(pruned, Recipe(weight_bits=6, index_bits=5)), images)
table = compression_table(packed)
rows = pd.DataFrame([row.as_dict() for row in (*table.rows, table.total)]).set_index("name")
rows["rate"] = 1 / rows.huffman_rate
columns = ["weights", "kept_percent", "mean_weight_bits", "mean_index_bits", "plain_rate", "rate"]
rows[columns].round(3)

# %% [markdown]
# ## How many bits for a weight?
#
# With *b* bits, code 0 stands for padding, and 2^b - 1 values are shared by all weights of a
# layer. Accuracy in 32-bit floating point with the shared values, so that nothing else plays a
# part:

# %%
found = []
for bits in (2, 3, 4, 5, 6, 8):
    network = compress_network(pruned, Recipe(weight_bits=bits, index_bits=5))
    total = compression_table(network).total
    found.append({
        "bits": bits, "accuracy_percent": 100 * accuracy(None, network, images, labels),
        "size_kb": total.huffman_bits / 8000, "rate": 1 / total.huffman_rate,
    })
pd.DataFrame(found).round(2)

# %% [markdown]
# On these digits three bits lose nothing, two lose 2 points. EIE has 4-bit codes.
#
# ## How many weights, and what do cycles make of it?
#
# Pruned by magnitude alone, without retraining, from the dense network. Cycles are those of a
# 64-PE EIE, summed over the layers, mean of 20 digits. The last row is the network that was
# retrained after pruning: retraining is what makes 8 % possible.

# %%
config = accelsim.load_config("eie")


def measure(layers, recipe):
    network = calibrated(compress_network(layers, recipe), images)
    runs = simulate_network(config, network, images[:20])
    kept = compression_table(network).total
    return {
        "kept_percent": kept.kept_percent, "size_kb": kept.huffman_bits / 8000,
        "accuracy_percent": 100 * accuracy(None, network, images, labels),
        "cycles": sum(layer.cycles for run in runs for layer in run) / len(runs),
    }


densities = (1.0, 0.5, 0.3, 0.2, 0.15, 0.1, 0.08, 0.05)
rows = {f"{100 * d:g} %": measure(dense, Recipe(density=d)) for d in densities}
rows["8 %, retrained"] = measure(pruned, Recipe())
pd.DataFrame(rows).T.round(2)

# %%
names = list(rows)
plots.side_by_side(
    names, {"cycles": [row["cycles"] for row in rows.values()]},
    "Cycles of a digit by share of weights kept", "cycles",
)

# %% [markdown]
# Cycles fall with the weights, but not all the way: with few entries for each PE and column, PEs
# wait for one another, and each broadcast takes a cycle however little there is to do.
#
# ## What do the bits hold?
#
# The same pruned first layer in several encodings: dense at 32 bits; coordinates (COO) and
# compressed columns (CSC) with 4-bit codes; EIE's format for 64 PEs, relative gaps of 4 bits with
# padding and 16-bit pointers for each PE; and the file format of Deep Compression before and
# after Huffman coding.

# %%
layer = accelsim.compress(pruned[0])
n_outputs, n_inputs = layer.n_outputs, layer.n_inputs
(eie,) = compression_table([layer], "pe", n_pe=64).rows
(flat,) = compression_table([layer]).rows
kept = flat.kept
coordinate_bits = (n_outputs - 1).bit_length() + (n_inputs - 1).bit_length()
encodings = {
    "dense": {"weights": 32.0 * n_outputs * n_inputs},
    "COO": {"weights": 4.0 * kept, "indices": kept * coordinate_bits},
    "CSC": {"weights": 4.0 * kept, "indices": kept * (n_outputs - 1).bit_length(),
            "pointers": 16 * (n_inputs + 1)},
    "EIE, 64 PEs": {
        "weights": 4 * eie.entries, "indices": 4 * eie.entries,
        "pointers": eie.overhead_bits - 32 * 16, "codebook": 32 * 16,
    },
    "file": {"weights": 4 * flat.entries, "indices": 4 * flat.entries,
             "codebook": flat.overhead_bits},
    "file, Huffman": {"weights": flat.huffman_weight_bits, "indices": flat.huffman_index_bits,
                      "codebook": flat.overhead_bits + flat.code_table_bits},
}
size_kb = {name: sum(parts.values()) / 8000 for name, parts in encodings.items()}
pd.Series(size_kb, name="KB").round(1)

# %%
plots.storage_breakdown({name: parts for name, parts in encodings.items() if name != "dense"})

# %% [markdown]
# EIE spends more on pointers than on this small layer's weights: each of the 64 PEs has its own
# pointer for every column. On layers of thousands of rows they hardly count. The file cannot be
# multiplied from; EIE's format can.
#
# ## Arithmetic
#
# Weights and activations as fixed point of several widths, the accumulators of the same width, as
# in EIE's 16-bit register files. The binary points are set by the largest value that the digits
# cause.

# %%
found = {"32-bit float": accuracy(None, packed, images, labels)}
for width in (16, 12, 10, 9, 8, 7, 6):
    narrow = accelsim.load_config(
        "eie", weight_bits=6, index_bits=5, activation_bits=width, weight_value_bits=width,
        accumulator_bits=width,
    )
    found[f"{width}-bit fixed"] = accuracy(narrow, packed, images, labels)
pd.Series({name: 100 * share for name, share in found.items()}, name="accuracy, %").round(2)

# %% [markdown]
# ## Accuracy against energy
#
# Narrower arithmetic saves energy, most of all in the multiplier. A point a width: energy of one
# digit through all three layers on 64 PEs at 45 nm (mean of 20 digits), and accuracy on all
# digits.

# %%
points = {}
for width in (16, 12, 10, 8, 7):
    narrow = accelsim.load_config(
        "eie", weight_bits=6, index_bits=5, spmat_width_bits=88, activation_bits=width,
        weight_value_bits=width, accumulator_bits=width,
    )
    runs = simulate_network(narrow, packed, images[:20])
    energy_nj = sum(layer.energy.total_pj for run in runs for layer in run) / len(runs) / 1000
    points[f"{width} bits"] = (energy_nj, 100 * accuracy(narrow, packed, images, labels))
plots.accuracy_energy(points, n_inputs=len(labels))

# %%
pd.DataFrame(points, index=["energy, nJ", "accuracy, %"]).T.round(2)
