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
def invent(tmp_path):
    """Give a function that writes a folder in Fashion-MNIST's format, as bright as its labels."""
    return lambda train, test: _invent(tmp_path / "invented", train, test)


@pytest.fixture
def invented(invent):
    """Give such a folder of 120 and 40 images."""
    return invent(120, 40)


def _invent(folder, train, test):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, n in (("train", train), ("t10k", test)):
        y = rng.integers(0, 10, n)
        x = 20 * y[:, None, None] + rng.integers(0, 60, (n, 28, 28))
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", x)
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", y)
    return folder
