"""Inputs that tests of networks share."""

from pathlib import Path

import numpy as np
import pytest

from tests.networks.test_run import digits


@pytest.fixture(scope="module")
def two_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two digits of MNIST, as a file."""
    path = tmp_path_factory.mktemp("digits") / "x.npy"
    np.save(path, digits(2)[0])
    return path
