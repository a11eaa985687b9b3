"""ONNX models that are no graph of ours: what stays undone is named, with its share of the work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import accelsim
from accelsim.errors import UnsupportedError
from tests.networks.test_onnx_graph import CONSTANTS
from tests.workload.onnx_models import floats, node, save

REFUSED = {
    # x: 3 x 6 x 7 to c: 4 x 5 x 6, 4 * 30 * 12 = 1440; then 4 * 30 * (2 * 2 * 2) = 960
    "transposed convolution": ([node("ConvTranspose", "c t", "d", name="up", pads=[2, 0, 0, 0]),
                                node("Relu", "d")],
                               "1 of 3 operators stay undone; .* 1 ConvTranspose (40.0 %); the "
                               "first, up: cuts [(2, 0), (0, 0)] off, more than its window"),
    "several": ([node("Erf", "c", "d", name="erf"), node("Exp", "d", "e"), node("Exp", "e")],
                "3 of 4 operators .* 2 Exp (0.0 %), 1 Erf (0.0 %); the first, erf"),
    "softmax of columns": ([node("Softmax", "c", axis=3)], "y: over axis 3 of shape (4, 5, 6)"),
    "clip from below zero": ([node("Clip", "c low six")], "y: between -1 and 6"),
    "linear resize": ([node("Resize", "c - s", mode="linear")], "y: interpolates (linear"),
    "other floor": ([node("Resize", "c - s", coordinate_transformation_mode="asymmetric")],
                    "y: interpolates (nearest, asymmetric, round_prefer_floor)"),
    "other factor": ([node("Resize", "c - s15", coordinate_transformation_mode="asymmetric",
                           nearest_mode="floor")], "by factors [1.0, 1.0, 1.5, 2.0]"),
    "images in rows": ([node("Reshape", "c rows")], "makes (4, 30) of (1, 4, 5, 6)"),
    "product of two": ([node("MatMul", "c c2", "y"), ], "1 MatMul (29.4 %)"),
    "a constant of more axes": ([node("Add", "c odd")], "a constant of shape (1, 4, 5, 3)"),
    "backwards": ([node("Slice", "c last first row back")], "takes 4 to 0 by -1 of axis 2"),
    "images apart": ([node("Slice", "c zero zero2 zero")], "by 1 of axis 0"),
    "bounds computed": ([node("Shape", "c", "n"), node("NonZero", "c", "z"),
                         node("Slice", "c z z")], "1 NonZero"),
    "split unevenly": ([node("Split", "c lengths", "y z", axis=1)], "in lengths [1, 2] along"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_by_name(tmp_path: Path, what: str) -> None:
    behind, told = REFUSED[what]
    nodes = [node("Conv", "x w", "c", name="conv"), *behind]
    if what == "product of two":
        nodes.insert(1, node("Transpose", "c", "c2", perm=[0, 1, 3, 2]))
    constants = {
        "w": CONSTANTS["w"], "t": floats(4, 2, 2, 2), "s": CONSTANTS["s"], "six": CONSTANTS["six"],
        "low": np.full((), -1, np.float32), "s15": np.array([1, 1, 1.5, 2], np.float32),
        "rows": np.array([4, 30]), "odd": floats(1, 4, 5, 3),
        **{name: np.array([n]) for name, n in {"last": 4, "first": 0, "row": 2, "back": -1,
                                               "zero": 0, "zero2": 0}.items()},
        "lengths": np.array([1, 2])}
    used = {name for one in nodes for name in one.input}
    path = save(tmp_path / "m.onnx", nodes,
                {k: v for k, v in constants.items() if k in used}, [1, 3, 6, 7])
    with pytest.raises(UnsupportedError) as caught:
        accelsim.load_network(path)
    text = str(caught.value)
    assert "\n" not in text
    at = 0
    for part in told.split(" .* "):
        assert part in text[at:]
        at = text.index(part, at)
