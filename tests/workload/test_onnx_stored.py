"""How tensors are stored with an ONNX model: data files behind links, and every type of float."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from accelsim.errors import FormatError, InputError
from accelsim.workload import file_contents, load_layer
from tests.workload.onnx_models import floats, node, save

W = floats(6, 4)
PRODUCT = [node("MatMul", "x w", name="fc")]


def outside(location: str, kind: int = TensorProto.FLOAT) -> Any:
    tensor = TensorProto(name="w", data_type=kind, dims=[6, 4],
                         data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def cache(folder: Path, location: str = "model.onnx_data") -> tuple[Path, Path]:
    """A model and its data under the names of their hashes; and a folder of links to them."""
    blobs, snapshot = folder / "blobs", folder / "snapshots" / "1f3a"
    for place in (blobs, (snapshot / location).parent):
        place.mkdir(parents=True)
    save(blobs / "a1b2", PRODUCT, {"w": outside(location)}, [3, 6])
    (blobs / "c3d4").write_bytes(W.tobytes())
    (snapshot / "model.onnx").symlink_to(Path("../../blobs/a1b2"))
    return snapshot, blobs


@pytest.mark.parametrize("location", ["model.onnx_data", "data/model.onnx_data"])
def test_model_and_data_are_links_into_a_cache(tmp_path: Path, location: str) -> None:
    snapshot, blobs = cache(tmp_path, location)
    (snapshot / location).symlink_to(blobs / "c3d4")
    assert np.array_equal(load_layer(snapshot / "model.onnx").weights, W.T)


def test_the_data_lie_beside_what_the_link_points_at(tmp_path: Path) -> None:
    snapshot, blobs = cache(tmp_path)
    (blobs / "model.onnx_data").write_bytes(W.tobytes())
    assert np.array_equal(load_layer(snapshot / "model.onnx").weights, W.T)


def test_a_link_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "short").symlink_to(tmp_path / "real")
    path = save(tmp_path / "short" / "m.onnx", PRODUCT, {"w": outside("m.data")}, [3, 6])
    (tmp_path / "real" / "m.data").write_bytes(W.tobytes())
    assert np.array_equal(load_layer(path).weights, W.T)
    monkeypatch.chdir(tmp_path / "short")
    assert np.array_equal(load_layer("m.onnx").weights, W.T)


@pytest.mark.parametrize("location", ["model.onnx_data", "../../secret", "../../blobs/c3d4"])
def test_a_link_that_leads_elsewhere_is_not_followed(tmp_path: Path, location: str) -> None:
    """Nor one that climbs, even into the cache: a model may name only what lies beside it."""
    snapshot, _ = cache(tmp_path, "model.onnx_data")
    (tmp_path / "secret").write_bytes(W.tobytes())
    (snapshot / "model.onnx_data").symlink_to(tmp_path / "secret")
    save((snapshot / "model.onnx").resolve(), PRODUCT, {"w": outside(location)}, [3, 6])
    with pytest.raises(FormatError, match="lie outside of the model's folder; put"):
        load_layer(snapshot / "model.onnx")


FLOATS = {
    "FLOAT": np.float32, "DOUBLE": np.float64, "FLOAT16": np.float16,
    "BFLOAT16": ml_dtypes.bfloat16, "FLOAT8E4M3FN": ml_dtypes.float8_e4m3fn,
    "FLOAT8E5M2": ml_dtypes.float8_e5m2, "FLOAT4E2M1": ml_dtypes.float4_e2m1fn,
}


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("place", ["inside", "beside", "behind a Cast", "an odd number"])
def test_every_float_is_read_everywhere(tmp_path: Path, name: str, place: str) -> None:
    values = np.resize([0, 0.5, -1, 1.5, 2, -3, 4], (5, 3) if place == "an odd number" else (6, 4))
    tensor = numpy_helper.from_array(values.astype(FLOATS[name]), "w")
    assert tensor.data_type == getattr(TensorProto, name)
    nodes = PRODUCT
    if place == "beside":
        (tmp_path / "m.data").write_bytes(tensor.raw_data)
        tensor = outside("m.data", tensor.data_type)
    elif place == "behind a Cast":
        tensor.name, nodes = "v", [node("Cast", "v", "w", to=TensorProto.FLOAT), *PRODUCT]
    path = save(tmp_path / "m.onnx", nodes, {tensor.name: tensor}, [3, len(values)], opset=23)
    weights = load_layer(path).weights
    assert np.asarray(weights).dtype == (
        np.float64 if name == "DOUBLE" and place != "behind a Cast" else np.float32)
    assert np.array_equal(weights, values.T)


@pytest.mark.parametrize("name", ["INT32", "INT8", "UINT4", "BOOL", "COMPLEX64"])
def test_what_are_no_floats_is_skipped_by_name(tmp_path: Path, name: str) -> None:
    dtype = helper.tensor_dtype_to_np_dtype(getattr(TensorProto, name))
    tensor = numpy_helper.from_array(np.ones((6, 4), dtype), "w")
    path = save(tmp_path / "m.onnx", PRODUCT, {"w": tensor}, [3, 6])
    (left_out,) = file_contents(path).skipped
    assert left_out.name == "fc"
    assert f"its weights are {dtype}, not floats" in left_out.reason


@pytest.mark.parametrize("cut", [1, 11])
def test_packed_data_that_are_short(tmp_path: Path, cut: int) -> None:
    tensor = numpy_helper.from_array(np.ones((6, 4), ml_dtypes.float4_e2m1fn), "w")
    tensor.raw_data = tensor.raw_data[:-cut]
    path = save(tmp_path / "m.onnx", PRODUCT, {"w": tensor}, [3, 6])
    with pytest.raises(InputError, match=f"stores {12 - cut}"):
        load_layer(path)
