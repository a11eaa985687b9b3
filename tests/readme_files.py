"""Small files with the names that the documents give to files of the reader's own."""

import numpy as np
import onnx
from PIL import Image
from safetensors.numpy import load_file, save_file

from accelsim.workload.graph_networks import layer_shapes
from tests.documents import GRAPHS, ROOT
from tests.networks.test_net_file import written


def small_models(folder):
    """Files with the names, and the kinds of arrays and nodes, of the real ones in the README."""
    rng = np.random.default_rng(2)

    def weights(*shape):
        return rng.normal(size=shape).astype(np.float32)

    arrays = {}
    for name, shape in {"attention.self.query": (16, 16), "attention.self.key": (16, 16),
                        "intermediate.dense": (64, 16)}.items():
        layer = f"encoder.layer.0.{name}"
        arrays |= {f"{layer}.weight_orig": weights(*shape), f"{layer}.bias": weights(shape[0]),
                   f"{layer}.weight_mask": (rng.random(shape) < 0.1).astype(np.float32)}
    save_file(arrays, folder / "pruned.safetensors")
    np.save(folder / "tokens.npy", weights(4, 16))
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"], name="p2o.MatMul.24")
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, width])
              for name, width in (("x", 20), ("y", 90))]
    graph = onnx.helper.make_graph([node], "recogniser", values[:1], values[1:], [
        onnx.numpy_helper.from_array(weights(20, 90), "w")])
    onnx.save(onnx.helper.make_model(graph), folder / "ch_PP-OCRv4_rec_infer.onnx")
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, *shape])
              for name, shape in (("image", (3, 8, 8)), ("y", (4, 6, 6)))]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Conv", ["image", "w"], ["c"]),
         onnx.helper.make_node("Relu", ["c"], ["y"])], "cnn", values[:1], values[1:],
        [onnx.numpy_helper.from_array(weights(4, 3, 3, 3), "w")])
    onnx.save(onnx.helper.make_model(graph), folder / "model.onnx")
    np.save(folder / "x.npy", weights(3, 8, 8))
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, *shape])
              for name, shape in (("image", (3, "rows", "columns")), ("y", (2, "r", "c")))]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Conv", ["image", "w"], ["c"]),
         onnx.helper.make_node("ConvTranspose", ["c", "t"], ["y"], strides=[2, 2])],
        "detector", values[:1], values[1:],
        [onnx.numpy_helper.from_array(weights(4, 3, 3, 3), "w"),
         onnx.numpy_helper.from_array(weights(4, 2, 2, 2), "t")])
    onnx.save(onnx.helper.make_model(graph), folder / "detector.onnx")
    np.save(folder / "photo.npy", weights(1, 3, 8, 8))
    (folder / "digits.safetensors").symlink_to(ROOT / "traces/lenet-300-100/digits.safetensors")
    stacked_lstm(folder, weights)


def stacked_lstm(folder, weights):
    """Two LSTMs, one on the other, and a sequence."""
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("LSTM", ["x", "w0", "r0"], ["y0"], name="lstm.l0", hidden_size=8),
         onnx.helper.make_node("Squeeze", ["y0", "axis"], ["x1"]),
         onnx.helper.make_node("LSTM", ["x1", "w1", "r1"], ["y"], name="lstm.l1", hidden_size=8)],
        "stack",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [5, 1, 6])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [5, 1, 1, 8])],
        [onnx.numpy_helper.from_array(weights(1, 32, n), name)
         for name, n in (("w0", 6), ("r0", 8), ("w1", 8), ("r1", 8))]
        + [onnx.numpy_helper.from_array(np.array([1]), "axis")])
    onnx.save(onnx.helper.make_model(graph), folder / "lstm.onnx")
    np.save(folder / "seq.npy", weights(5, 6))


def networks(folder):
    """A graph of a document with arrays and images, a digit, a photo, and a SqueezeNet of which
    next to nothing is left."""
    rng = np.random.default_rng(3)
    (folder / "net.toml").write_text(GRAPHS[0])
    shapes = layer_shapes(folder / "net.toml")
    np.savez(folder / "weights.npz", **{
        f"{shape.name}.weight": rng.normal(size=shape.shape).astype(np.float32)
        for shape in shapes})
    np.save(folder / "images.npy", rng.normal(size=(5, *shapes[0].input_shape)))
    digits = load_file(ROOT / "traces" / "lenet-300-100" / "digits.safetensors")["images"]
    Image.fromarray(digits[0].reshape(28, 28)).save(folder / "digit.png")
    Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(folder / "cat.png")
    codes = []
    for shape in layer_shapes("squeezenet"):
        codes.append(np.zeros(shape.shape, np.uint8))
        codes[-1].ravel()[:shape.shape[0]] = 1
    book = np.eye(1, 256, 1, dtype=np.float32)[0]
    (folder / "squeezenet.net").write_bytes(written(
        codes, [book] * len(codes), [np.zeros(len(own), np.float32) for own in codes]))
