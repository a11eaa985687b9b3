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
# # Your own network
#
# From a file to a design that can be built: read a network, look at its layers, compress it,
# calibrate it, run it cycle by cycle, see what bounds it, size the machine to it, and draw the
# designs worth building. Every step is a command too, which stands above it.
#
# `FILE` is an ONNX model with two convolutions and two matrices. Put your own path there, with
# `IMAGES` of its input's shape; or a name: `squeezenet`, `vgg-16`, `resnet-50` and others have
# numbers drawn at their published densities (`accelsim/workload/graphs/README.md`). Files of arrays
# (safetensors, npz) take a graph beside them: `load_network(file, network="graph.toml")`.

# %%
# %matplotlib inline
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Image, display
from onnx import TensorProto, helper, numpy_helper, save
from safetensors.numpy import load_file

import accelsim
from accelsim.compression import save_compressed
from accelsim.lowering.network_floats import run_floats
from accelsim.machines import machine_of
from accelsim.machines.network_explain import explain_network
from accelsim.report import plots
from accelsim.sources import network_listing
from accelsim.study import Results, Study, run_study
from accelsim.study.scatter import scatter
from accelsim.workload import load_digits

folder = Path(tempfile.mkdtemp())
FILE = folder / "mine.onnx"


def export(path):
    """A LeNet-5 trained on MNIST, as a framework would write it."""
    arrays = load_file(accelsim.data_folder("traces") / "lenet-5" / "dense.safetensors")
    steps = [("Conv", "conv1"), ("Relu", "relu1"), ("MaxPool", "pool1"), ("Conv", "conv2"),
             ("Relu", "relu2"), ("MaxPool", "pool2"), ("Flatten", "flatten"), ("Gemm", "fc1"),
             ("Relu", "relu3"), ("Gemm", "fc2")]
    own = {"MaxPool": {"kernel_shape": [2, 2], "strides": [2, 2]}, "Gemm": {"transB": 1}}
    nodes, reads = [], "image"
    for kind, name in steps:
        constants = [f"{name}.weight", f"{name}.bias"] if kind in ("Conv", "Gemm") else []
        nodes.append(helper.make_node(kind, [reads, *constants], [f"{name}.out"], name,
                                      **own.get(kind, {})))
        reads = f"{name}.out"
    shapes = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 28, 28])]
    results = [helper.make_tensor_value_info(reads, TensorProto.FLOAT, [1, 10])]
    save(helper.make_model(helper.make_graph(nodes, "lenet", shapes, results, [
        numpy_helper.from_array(array, name) for name, array in arrays.items()])), path)


export(FILE)
images, labels = load_digits(accelsim.data_folder("traces") / "lenet-300-100/digits.safetensors")
IMAGES, LABELS = images[:100].reshape(-1, 1, 28, 28), labels[:100]

# %% [markdown]
# ## What is in it
#
# `accelsim layers mine.onnx`. What is not supported is refused by name, with its share of the work.

# %%
network = accelsim.load_network(FILE)
listing = network_listing(str(FILE))
pd.DataFrame([{
    "node": node.name, "kind": node.kind, "result": node.outputs, "weights": node.weights,
    "vectors": node.positions, "share of the work, %": 100 * node.macs / listing.macs,
} for node in listing.nodes]).round(1).astype(object).fillna("")

# %% [markdown]
# ## Compressed, and what that loses
#
# `accelsim compress mine.onnx --density 0.2 --inputs images.npy -o mine.safetensors`. One density
# for all, then one a layer: small layers lose most and weigh least. Nothing is trained again here;
# `accelsim.training` and `accelsim codesign` do that. Images settle each layer's binary points.

# %%
def error(packed):
    """Percent of the images that are classified wrongly, shared weights in floating point."""
    values = run_floats(packed, IMAGES)[packed.output]
    return 100 * float((values.argmax(axis=1) != LABELS).mean())


def decided(densities):
    return accelsim.Recipe(bias="accumulator", layers={
        name: {"density": density} for name, density in densities.items()})


RECIPES = {
    "all weights": accelsim.Recipe(bias="accumulator"),
    "20 % everywhere": accelsim.Recipe(density=0.2, bias="accumulator"),
    "a density a layer": decided({"conv1": 0.7, "conv2": 0.3, "fc1": 0.12, "fc2": 0.5}),
}
compressed = {what: accelsim.compress(network, recipe, calibration=IMAGES[:20])
              for what, recipe in RECIPES.items()}
pd.DataFrame([{
    "recipe": what, "error, %": error(packed),
    "weights kept, %": 100 * sum(np.count_nonzero(w) for w in kept) / sum(w.size for w in kept),
} for what, packed in compressed.items()
  for kept in [[layer.decoded_weights() if hasattr(layer, "geometry")
                else layer.decoded().to_dense() for layer in packed.layers]]]).round(2)

# %% [markdown]
# ## Run
#
# `accelsim simulate mine.safetensors --inputs images.npy --energy`. Outputs are those of the
# fixed-point machine, bit for bit, whichever engine runs it.

# %%
packed = compressed["a density a layer"]
result = accelsim.simulate("eie", packed, IMAGES[:3])
print(f"classes {result.outputs_float.argmax(axis=1)}, labels {LABELS[:3]}")
print(f"{result.cycles / 3:,.0f} cycles an image, {result.time_us / 3:,.1f} us, "
      f"{result.energy.total_uj / 3:,.2f} uJ")
print(f"can be built: {result.feasible}")
for limit in result.limits:
    print(limit.line)

# %% [markdown]
# ## What bounds it
#
# `accelsim explain mine.safetensors --inputs images.npy`.

# %%
machine = machine_of(result.config)
found = explain_network(machine, result.config, packed, IMAGES[:1])
print(found.finding)
plots.cycle_breakdown(list(found.result.layers.values()), width=plots.PAGE)

# %% [markdown]
# ## A machine that fits
#
# `--set spmat_kb=fit` and the like size each memory to the network: the largest layer's weights and
# maps, in steps that the SRAM table has. What that does to area and energy:

# %%
FIT = dict.fromkeys(("spmat_kb", "pointer_kb", "pointer_bits", "act_sram_kb"), "fit")
fitted = accelsim.simulate(accelsim.load_machine("eie", **FIT), packed, IMAGES[:3])
assert fitted.cycles == result.cycles
pd.DataFrame({
    what: {**{key: getattr(run.config, key) for key in FIT}, "can be built": run.feasible,
           "area, mm2": run.energy.total_mm2, "uJ an image": run.energy.total_uj / 3}
    for what, run in {"as published": result, "sized to it": fitted}.items()})

# %%
plots.energy_breakdown({
    what: {module: pj / 3000 for module, pj in run.energy.modules_pj.items()}
    for what, run in {"as published": result, "sized to it": fitted}.items()}, width=plots.COLUMN)

# %% [markdown]
# ## Which design?
#
# `accelsim sweep STUDY.toml -o mine.sqlite`: PEs, clocks, and whether a pixel is loaded while the
# one before it drains (`overlap`), each design with memories that fit. `lowering` may be an axis,
# too (notebook 8).

# %%
save_compressed(folder / "mine.safetensors", packed)
np.save(folder / "images.npy", IMAGES[:1])
frame = run_study(Study(
    workloads=["mine.safetensors"], folder=folder, inputs=["images.npy"], set=FIT,
    metrics=["cycles", "time_us", "energy_uj", "area_mm2"],
    axes={"n_pe": [4, 8, 16, 32, 64], "clock_mhz": [400, 800, 1200], "overlap": [False, True]},
), folder / "mine.sqlite")
print(f"{len(frame)} designs, {int(frame.feasible.astype(bool).sum())} of them can be built")

# %% [markdown]
# ## The answer, as figures for a paper
#
# In Python, one column wide; and as the command line draws it, a page wide:

# %%
with Results(folder / "mine.sqlite") as results:
    drawn = scatter(results, "area_mm2", "time_us", front=True, log=True, labels=["n_pe"],
                    colour="overlap", width=plots.COLUMN)
print(f"{drawn.designs} designs, {drawn.front} on the front, {drawn.infeasible} left out that "
      f"cannot be built: {drawn.reasons}")
plots.save(drawn.figure, folder / "front.pdf")
display(drawn.figure)

# %%
command = ["plot", "mine.sqlite", "--x", "energy_uj", "--y", "time_us", "--front", "--log",
           "--width", "page", "-o", "front.png"]
done = subprocess.run([sys.executable, "-m", "accelsim", *command], cwd=folder, check=True,
                      capture_output=True, text=True)
print(f"accelsim {' '.join(command)}\n{done.stdout}{done.stderr}")
display(Image(folder / "front.png", width=700))
