"""``FILE:LAYER`` is taken apart where a file ends, however many colons its halves hold."""

import numpy as np
import pytest

from accelsim.study import Study
from accelsim.study.workloads import find_workloads
from accelsim.workload.files import file_and_layer

CASES = {
    "net.npz": ("net.npz", None),
    "net.npz:fc1": ("net.npz", "fc1"),
    "net.npz:a:b": ("net.npz", "a:b"),
    "net.npz::a": ("net.npz", ":a"),
    "v:1.npz": ("v:1.npz", None),
    "v:1.npz:a:b": ("v:1.npz", "a:b"),
    "run:2/net.npz:x/y:0": ("run:2/net.npz", "x/y:0"),
    "lost.npz:fc1": ("lost.npz:fc1", None),
    f"net.npz:{'x' * 5000}": ("net.npz", "x" * 5000),
}


@pytest.mark.parametrize("text", CASES, ids=range(len(CASES)))
def test_taken_apart(text, tmp_path):
    for name in ("net.npz", "v:1.npz", "run:2/net.npz", "v", "run"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    path, layer = CASES[text]
    assert file_and_layer(text, tmp_path) == (tmp_path / path, layer)


def test_a_study_names_layers_with_colons(tmp_path):
    """TensorFlow's names end in :0."""
    np.savez(tmp_path / "net.npz", **{"dense:0": np.eye(4), "dense:1": np.eye(4)})
    study = Study(workloads=("net.npz:dense:1",), activation_density=0.5, folder=tmp_path)
    assert [workload.layer for workload in find_workloads(study)] == ["dense:1"]
