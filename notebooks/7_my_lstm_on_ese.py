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
# # My LSTM on ESE: PEs, channels, balance
#
# An LSTM from a file of PyTorch's names, on a sequence of its own, on ESE (Han et al., FPGA 2017):
# 32 channels of 32 PEs that share one stream of weights. How many PEs does it need, what do more
# channels give, does balanced pruning pay, and what is lost?
#
# The network is silero-vad's LSTM (128 inputs, 128 cells), the sequence 160 steps of real speech on
# four channels. Any other file will do: ONNX, PyTorch or Keras arrays
# (`accelsim/workload/cells/README.md`).

# %%
# %matplotlib inline
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import display
from safetensors.numpy import save_file

import accelsim
from accelsim.compression import Recipe, compress_recurrent, prune_recurrent
from accelsim.inside.explain import explain
from accelsim.lowering.float_run import run_float
from accelsim.machines import machine_of
from accelsim.report import plots
from accelsim.workload import load_recurrent_folder, recurrent_contents

speech = load_recurrent_folder(accelsim.data_folder("traces") / "silero-lstm")
folder = Path(tempfile.mkdtemp())
gates = "ifco"  # PyTorch's order: i, f, g, o
save_file({
    "lstm.weight_ih_l0": np.vstack([speech.layer.floats(f"W{g}x") for g in gates]),
    "lstm.weight_hh_l0": np.vstack([speech.layer.floats(f"W{g}r") for g in gates]),
    "lstm.bias_ih_l0": np.concatenate([speech.layer.biases[f"b{g}"] for g in gates]),
}, folder / "mine.safetensors")

(entry,) = recurrent_contents(folder / "mine.safetensors").layers
lstm, sequence = entry.load(), speech.inputs
print(f"{entry.name}: {entry.told}, {entry.n_inputs} inputs, {entry.n_cells} cells; sequence "
      f"{sequence.shape}")

# %% [markdown]
# ## As it is
#
# `accelsim simulate mine.safetensors -m ese --inputs seq.npy` does the same on the command line.

# %%
ese = accelsim.load_machine("ese")
wanted = run_float(lstm, sequence).outputs


def error(result):
    """Relative RMS of the outputs against the dense network in float, in percent."""
    off = result.outputs_float - wanted
    return 100 * float(np.sqrt((off**2).mean() / (wanted**2).mean()))


dense = accelsim.simulate(ese, lstm, sequence)
print(f"{dense.time_us / len(sequence):.2f} us a step, load balance {dense.load_balance:.2f}, "
      f"outputs {error(dense):.2f} % off in fixed point")

# %% [markdown]
# ## Pruned: with and without load balance
#
# One-shot, nothing is trained again, so the errors are those of an untrained mask; what is compared
# is time.

# %%
rows, at_least = [], {"dense": dense}
for density in (0.5, 0.2, 0.112):
    for pattern, own in (("unstructured", {}), ("load_balanced", {"n_pe": ese.n_pe})):
        pruned = prune_recurrent(lstm, pattern, density=density, **own)
        run = accelsim.simulate(ese, pruned, sequence)
        if density == 0.112:
            at_least[pattern.replace("_", " ")] = run
        rows.append({"density": density, "pattern": pattern,
                     "us a step": run.time_us / len(sequence),
                     "load balance": run.load_balance, "error %": error(run)})
pd.DataFrame(rows).round(3)

# %% [markdown]
# ## PEs
#
# More PEs are not always faster: each has pointers of its own, which come from DRAM, and so small
# a network leaves them little to do. Cycles of one time step with 11.2 % of the weights:

# %%
sparse = compress_recurrent(lstm, Recipe(
    density=0.112, values="linear", weight_bits=ese.weight_bits, index_bits=ese.index_bits))
short = sequence[:20]
by_pes = {
    n_pe: accelsim.simulate(accelsim.load_machine("ese", n_pe=n_pe, capacity="ignore"), sparse,
                            short)
    for n_pe in (4, 8, 16, 32, 64)
}
plots.cycle_breakdown([replace(run, name=f"{n_pe} PEs") for n_pe, run in by_pes.items()],
                      len(short), width=plots.COLUMN)

# %% [markdown]
# ## What decides each slot, and what would help
#
# `accelsim explain` tells the bound of every slot and runs the remedies.

# %%
machine = machine_of(ese)
job = machine.job(ese, sparse, short)
found = explain(machine, ese, sparse, job)
print(found.finding)
tables = {table.name: pd.DataFrame(table.rows) for table in found.tables}
tables["slots"][["slot", "matrix", "cycles", "bound"]]

# %% [markdown]
# ## Channels
#
# All channels share one stream of weights: a step takes hardly longer, a sequence much less.

# %%
tables["channels"]

# %% [markdown]
# ## Where the error comes from
#
# In fixed point the dense network is a little off. Finer samples of tanh, or weights of 16 bits in
# place of 12, one changed at a time: the first costs no cycle, the second does, and most of the
# error is left. Products are rounded to the fraction bits of their gate's sum, 11 here.

# %%
changed = {"as published": {}, "tanh samples 1/32 apart": {"tanh_input_max": 32.0},
           "weights of 16 bits": {"weight_bits": 16, "capacity": "ignore"}}
runs = {what: accelsim.simulate(accelsim.load_machine("ese", **own), lstm, sequence)
        for what, own in changed.items()}
pd.DataFrame({what: {"error %": error(run), "cycles": run.cycles} for what, run in runs.items()}
             ).T.round(3)

# %% [markdown]
# What the look-up tables alone are off, over every value that a signal can have:

# %%
tables["tables_error"]

# %% [markdown]
# ## The answer, as figures for a paper
#
# Cycles and energy of a time step, dense and with 11.2 % of the weights.

# %%
named = [replace(run, name=name) for name, run in at_least.items()]
cycles = plots.cycle_breakdown(named, len(sequence), width=plots.COLUMN)
energy = plots.energy_breakdown({
    run.name: {module: pj / 1000 / len(sequence) for module, pj in run.energy.modules_pj.items()}
    for run in named}, width=plots.COLUMN)
for name, figure in (("cycles.pdf", cycles), ("energy.pdf", energy)):
    plots.save(figure, folder / name)
    display(figure)
