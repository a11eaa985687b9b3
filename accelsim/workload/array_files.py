"""Which files hold named arrays, by their endings; what to do with those of other kinds."""

from __future__ import annotations

from pathlib import Path

from accelsim.shipped import located
from accelsim.workload import array_shards
from accelsim.workload.array_shards import ShardedFile
from accelsim.workload.arrays import ArrayFile, NpzFile, SafetensorsFile
from accelsim.workload.entries import fault

_READERS: dict[str, type[NpzFile] | type[SafetensorsFile] | type[ShardedFile]] = {
    ".npz": NpzFile, ".safetensors": SafetensorsFile, array_shards.ENDING: ShardedFile,
}
ENDINGS = tuple(_READERS)
"""Of files of named arrays."""

_PYTORCH = ("a PyTorch checkpoint is a pickle, which is never loaded: save it with "
            "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')")
_SCRIPT = ("a compiled PyTorch model is code, which is never loaded: save "
           "safetensors.torch.save_file(model.state_dict(), 'model.safetensors'), or export it "
           "with torch.onnx.export")
_KERAS = ("HDF5 or Keras, which is not read: save its arrays with numpy.savez('model.npz', "
          "**{v.path: v.numpy() for v in model.variables})")
_PICKLE = "may be a pickle, which is never loaded: save its arrays with numpy.savez"
_TF = "convert it to ONNX (tf2onnx)"
_REMEDIES = {
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt", ".pytorch", ".pt.tar", ".pth.tar",
                     ".bin.index.json"), _PYTORCH),
    **dict.fromkeys((".jit", ".torchscript", ".ptl", ".pte", ".pt2"), _SCRIPT),
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".dill", ".t7"), _PICKLE),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _KERAS),
    **dict.fromkeys((".pb", ".tflite", ".pbtxt", ".meta"), _TF),
    **dict.fromkeys((".msgpack", ".orbax"), "save its arrays with numpy.savez, or with "
                    "safetensors.flax.save_file"),
    **dict.fromkeys((".gguf", ".ggml"), "quantised blocks, which are not read: dequantise it "
                    "(gguf.quants.dequantize) and save float arrays as safetensors"),
    **dict.fromkeys((".ort",), "a model of ONNX Runtime's own format: give the ONNX file that it "
                    "was made of"),
    **dict.fromkeys((".pdparams", ".pdmodel", ".pdiparams"), "convert it to ONNX (paddle2onnx)"),
    **dict.fromkeys((".engine", ".plan", ".trt", ".mlmodel", ".mlpackage", ".caffemodel",
                     ".params", ".nemo", ".xml"), "export the model to ONNX"),
    **dict.fromkeys((".csv", ".txt", ".mat"), "save the weights, (outputs, inputs), with "
                    "numpy.savez('model.npz', fc1=weights)"),
    ".npy": "one array without a name: save it with numpy.savez('layer.npz', weight=array)",
}


def ending_of(path: Path, endings: tuple[str, ...]) -> str | None:
    """The longest of the endings that a file's name has; None for another."""
    fit = [ending for ending in endings if path.name.lower().endswith(ending)]
    return max(fit, key=len, default=None)


def is_array_file(path: Path) -> bool:
    """Whether the name is that of a file of named arrays."""
    return ending_of(path, ENDINGS) is not None


def remedy(path: Path) -> str:
    """What to do with a file of another kind, if that is known; begins with a semicolon."""
    ending = ending_of(path, tuple(_REMEDIES))
    return "" if ending is None else f"; {_REMEDIES[ending]}"


def open_arrays(path: Path) -> ArrayFile:
    """Open a file of named arrays by its ending.

    Raises
    ------
    FormatError
        If it is none, damaged or unreadable.
    """
    path = located(path)
    ending = ending_of(path, ENDINGS)
    if ending is None:
        raise fault(f"{path}: need a file ending in {' or '.join(ENDINGS)}{remedy(path)}")
    return _READERS[ending](path)
