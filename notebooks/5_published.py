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
# # The papers' tables and figures, beside ours
#
# A simulator's numbers are worth something when they stand beside published silicon. Each section
# reproduces one table or figure of **EIE** (Han et al., ISCA 2016), **Deep Compression** (ICLR
# 2016) or **ESE** (FPGA 2017) from nothing but this package, and says of every cell whether it is
# within a stated tolerance. `accelsim published all` does the same on the command line.
#
# Real pruned AlexNet, VGG and NeuralTalk matrices are not shipped; layers are random matrices
# with the shapes and densities of the paper's Table III. Where the paper gives no number (bars
# without labels), the comparison is with the EIE authors' own C++ cycle simulator on the same
# kind of random layers.

# %%
# %matplotlib inline
import pandas as pd
from IPython.display import Markdown, display

from accelsim.papers import NAMES, reproduce
from accelsim.papers.figures import figure_of

results = {name: reproduce(name) for name in NAMES}


def show(name):
    """Tables of ours beside published, the cells outside and why, the notes, the figure."""
    result = results[name]
    for table in result.tables:
        cells = {column: {} for column in table.columns}
        for cell in table.cells:
            both = [f"{v:.4g}" for v in (cell.ours, cell.published) if v is not None]
            cells[cell.column][cell.row] = " | ".join(both)
        display(Markdown(f"**{table.title}** (ours | {table.against})"), pd.DataFrame(cells))
        if table.compared():
            inside = len(table.compared()) - len(table.outside())
            print(f"{inside} of {len(table.compared())} cells within their tolerance")
        for cell in table.outside():
            print(f"  {cell.row}, {cell.column}: {cell.verdict}")
    print(*(f"Note: {note}" for note in result.notes), sep="\n")
    display(figure_of(result))


display(pd.DataFrame({
    result.title: {
        "cells compared": sum(len(t.compared()) for t in result.tables),
        "outside": sum(len(t.outside()) for t in result.tables),
    }
    for result in results.values()
}).T)

# %% [markdown]
# ## Table III: the benchmark layers

# %%
show("eie-table3")

# %% [markdown]
# ## Table IV: time a layer
#
# *Theoretical* counts stored entries only, *actual* is what the cycles come to. CPU rows of this
# machine were measured as this notebook ran.

# %%
show("eie-table4")

# %% [markdown]
# ## Table V: other platforms

# %%
show("eie-table5")

# %% [markdown]
# ## Figures 6 and 7: speedup and energy efficiency over a CPU

# %%
show("eie-fig6")

# %%
show("eie-fig7")

# %% [markdown]
# ## Figure 8: queue depth

# %%
show("eie-fig8")

# %% [markdown]
# ## Figure 9: width of an SRAM line

# %%
show("eie-fig9")

# %% [markdown]
# ## Figures 11 to 13: from 1 to 256 PEs

# %%
show("eie-fig11")

# %%
show("eie-fig12")

# %%
show("eie-fig13")

# %% [markdown]
# ## Deep Compression: sizes

# %%
show("deep-compression")

# %% [markdown]
# ## ESE: an LSTM on an FPGA

# %%
show("ese")
