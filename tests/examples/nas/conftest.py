"""What the tests of the architecture searches share: their modules, and a data set of noise."""

import gzip
import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

NAS = Path(__file__).resolve().parents[3] / "examples" / "nas"


@pytest.fixture
def load(monkeypatch):
    """Give the function that imports a module of ``examples/nas`` by name."""
    pytest.importorskip("torch", reason="needs PyTorch: pip install torch")
    monkeypatch.syspath_prepend(NAS)
    return importlib.import_module


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


@pytest.fixture
def invented(tmp_path):
    """Give a folder in Fashion-MNIST's format: 120 and 40 images, as bright as their label."""
    folder = tmp_path / "invented"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, n in (("train", 120), ("t10k", 40)):
        y = rng.integers(0, 10, n)
        x = 20 * y[:, None, None] + rng.integers(0, 60, (n, 28, 28))
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", x)
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", y)
    return folder
