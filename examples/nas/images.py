"""Images from disk: Fashion-MNIST, CIFAR-10, digits, folders of classes; and some for dry runs.

Nothing is downloaded, and nothing is unpickled.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

FASHION = Path("/usr/share/datasets/fashion-mnist")
FASHION_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
CIFAR_TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
CIFAR_TEST = ("test_batch.bin",)
#: Mean and standard deviation of the channels of photographs, from ImageNet.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Images(Protocol):
    """Labelled images that come in batches."""

    def __len__(self) -> int:
        """Return how many there are."""

    def batches(self, size: int, *, seed: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images (b, c, h, w) and labels (b,).

        With a seed they are shuffled and, if they are of the kind, varied at random, for training;
        without one they come in their order and as they are.
        """


class Splits(NamedTuple):
    """Images to train on, to judge a search by, and to judge its result by."""

    train: Images
    valid: Images
    test: Images


@dataclass(frozen=True)
class InMemory:
    """Images that are all in memory.

    Args:
        x: images (n, c, h, w).
        y: labels (n,).
        augment: whether to shift, mirror and cut while training, as usual on CIFAR-10.
    """

    x: Tensor
    y: Tensor
    augment: bool = False

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.y)

    def part(self, start: int, stop: int) -> InMemory:
        """Return some of them."""
        return replace(self, x=self.x[start:stop], y=self.y[start:stop])

    def batches(self, size: int, *, seed: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images (b, c, h, w) and labels (b,), see :class:`Images`."""
        random = torch.Generator().manual_seed(seed or 0)
        training = seed is not None
        order = torch.randperm(len(self), generator=random) if training else torch.arange(len(self))
        for rows in order.split(size):
            if training and len(rows) == 1 < len(self):
                continue  # batch normalisation needs two
            x = self.x[rows]
            yield augmented(x, random) if training and self.augment else x, self.y[rows]


def augmented(x: Tensor, random: torch.Generator, *, shift: int = 4, hole: int = 16) -> Tensor:
    """Return images (n, c, h, w) shifted, mirrored and with a square cut out, each at random.

    The square is DeVries and Taylor's cutout (arXiv 1708.04552).
    """
    n, _, h, w = x.shape
    padded = functional.pad(x, (shift,) * 4)
    top, left = torch.randint(0, 2 * shift + 1, (2, n, 1), generator=random)
    rows, columns = top + torch.arange(h), left + torch.arange(w)
    mirrored = torch.rand(n, 1, generator=random) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    batch = torch.arange(n)[:, None, None]
    out = padded.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]]
    y, z = (torch.randint(0, side, (n, 1), generator=random) for side in (h, w))
    cut_y = (torch.arange(h) - y).abs() < hole // 2
    cut_x = (torch.arange(w) - z).abs() < hole // 2
    out = out.masked_fill((cut_y[:, :, None] & cut_x[:, None, :])[..., None], 0.0)
    return out.permute(0, 3, 1, 2).contiguous()


# --- Fashion-MNIST --------------------------------------------------------------------------------


def fashion(
    folder: Path | None = None, *, size: int = 14, train: int = 4000, valid: int = 2000
) -> Splits:
    """Return Fashion-MNIST, grey images of 28 x 28 or, averaged, fewer pixels in ten classes.

    Args:
        folder: with the four files ``*-ubyte.gz``, by default where Debian's package puts them.
        size: 7, 14 or 28 pixels.
        train: how many of the training images to train on, the first.
        valid: how many of them to keep for the search, the last.

    Raises:
        FileNotFoundError: if a file is not there; the message says where to get it.
        ValueError: if the numbers are not possible.
    """
    folder = folder or FASHION
    if size not in (7, 14, 28):
        raise ValueError(f"size must be 7, 14 or 28, got {size}")
    files = [folder / f"{name}-ubyte.gz" for name in FASHION_FILES]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"Fashion-MNIST needs {file}: on Debian and Ubuntu `apt install "
                "dataset-fashion-mnist`; elsewhere put the four .gz files of "
                "https://github.com/zalandoresearch/fashion-mnist into a folder and name it "
                "(--data FOLDER)"
            )
    x, y, test_x, test_y = map(_idx, files)
    n = len(x)
    if train < 1 or valid < 1 or train + valid > n:
        raise ValueError(f"train and valid must share {n} images, got {train} and {valid}")
    scale = 28 // size

    def small(images: Any) -> Tensor:
        pixels = torch.from_numpy(images)[:, None].float() / 255
        return (functional.avg_pool2d(pixels, scale) - 0.286) / 0.353

    everything = np.r_[0:train, n - valid : n]
    known = InMemory(small(x[everything]), torch.from_numpy(y[everything]).long())
    test = InMemory(small(test_x), torch.from_numpy(test_y).long())
    return Splits(known.part(0, train), known.part(train, train + valid), test)


def _idx(file: Path) -> Any:
    """Return the array of bytes that a compressed IDX file holds."""
    with gzip.open(file) as stream:
        data = stream.read()
    dimensions = data[3]
    shape = np.frombuffer(data, ">i4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()


# --- scikit-learn's digits ------------------------------------------------------------------------


def digits(*, train: int, valid: int) -> Splits:
    """Return scikit-learn's handwritten digits, 1,797 grey images of 8 x 8 pixels, shuffled.

    Args:
        train: how many to train on.
        valid: how many to keep for the search; the others are the test.
    """
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))  # they come by their writers
    pixels = torch.from_numpy(found.images[order, None] / 16).float()
    every = InMemory((pixels - pixels.mean()) / pixels.std(), torch.from_numpy(found.target[order]))
    end = train + valid
    return Splits(every.part(0, train), every.part(train, end), every.part(end, len(every)))


# --- CIFAR-10 -------------------------------------------------------------------------------------


def cifar10(folder: Path, *, valid: int = 5000) -> Splits:
    """Return CIFAR-10 from its binary version, colour images of 32 x 32 pixels in ten classes.

    Args:
        folder: ``cifar-10-batches-bin``.
        valid: how many of the training images to keep for the search, the last.

    Raises:
        FileNotFoundError: if a file is not there.
        ValueError: if a file is not of whole images.
    """
    known, test = _cifar(folder, CIFAR_TRAIN), _cifar(folder, CIFAR_TEST)
    if not 0 < valid < len(known):
        raise ValueError(f"valid must leave some of {len(known)} images, got {valid}")
    last = len(known) - valid
    return Splits(known.part(0, last), known.part(last, len(known)), test)


def _cifar(folder: Path, names: tuple[str, ...]) -> InMemory:
    rows = []
    for name in names:
        file = folder / name
        if not file.is_file():
            raise FileNotFoundError(
                f"CIFAR-10 needs {file}: unpack its *binary version*, cifar-10-binary.tar.gz of "
                "https://www.cs.toronto.edu/~kriz/cifar.html, and name the folder (--data FOLDER)"
            )
        data = np.fromfile(file, np.uint8)
        if not len(data) or len(data) % 3073:
            raise ValueError(f"{file} is not of CIFAR-10's binary version")
        rows.append(data.reshape(-1, 3073))
    table = torch.from_numpy(np.concatenate(rows))
    pixels = table[:, 1:].reshape(-1, 3, 32, 32).float() / 255
    return InMemory(_normalised(pixels), table[:, 0].long(), augment=True)


def _normalised(pixels: Tensor) -> Tensor:
    shape = (3, 1, 1)
    return (pixels - torch.tensor(MEAN).reshape(shape)) / torch.tensor(DEVIATION).reshape(shape)


# --- folders of classes ---------------------------------------------------------------------------


def image_folder(folder: Path, *, size: int, every: int = 50, workers: int = 8) -> Splits:
    """Return images of ``train/CLASS/*`` and ``val/CLASS/*``, as ImageNet is usually unpacked.

    Every ``every``-th training image is kept for the search; ``val`` is the test. Training takes a
    random part of an image, mirrored at random (Szegedy et al., CVPR 2015); otherwise seven eighths
    of its middle.

    Args:
        folder: which.
        size: of the square images made of them, in pixels.
        every: see above.
        workers: processes that read.

    Raises:
        FileNotFoundError: if there are no such folders.
    """
    known, test = _files(folder / "train"), _files(folder / "val")
    held = [i % every == every - 1 for i in range(len(known))]
    train = [sample for sample, out in zip(known, held, strict=True) if not out]
    valid = [sample for sample, out in zip(known, held, strict=True) if out]
    return Splits(*(OnDisk(tuple(part), size, workers) for part in (train, valid, test)))


def _files(folder: Path) -> list[tuple[Path, int]]:
    classes = sorted(path for path in folder.glob("*") if path.is_dir())
    found = [(file, i) for i, path in enumerate(classes) for file in sorted(path.iterdir())]
    if not found:
        raise FileNotFoundError(
            f"{folder} holds no folders of images: --data must name a folder with train/CLASS/* "
            "and val/CLASS/*, as ImageNet is unpacked"
        )
    return found


@dataclass(frozen=True)
class OnDisk:
    """Images that are read when they are needed.

    Args:
        files: paths and labels.
        size: pixels.
        workers: processes that read.
    """

    files: tuple[tuple[Path, int], ...]
    size: int
    workers: int

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.files)

    def batches(self, size: int, *, seed: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images (b, 3, size, size) and labels (b,), see :class:`Images`."""
        random = None if seed is None else torch.Generator().manual_seed(seed)
        yield from DataLoader(
            Reader(self.files, self.size, seed),
            size,
            shuffle=seed is not None,
            drop_last=seed is not None and len(self) > size,
            generator=random,
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
        )


@dataclass(frozen=True)
class Reader(Dataset):  # type: ignore[type-arg]
    """Reads one image at a time; what is random follows from the seed and the image's number."""

    files: tuple[tuple[Path, int], ...]
    size: int
    seed: int | None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Return an image (3, size, size) and its label."""
        path, label = self.files[index]
        with Image.open(path) as file:
            image = file.convert("RGB")
        if self.seed is None:
            side = 0.875 * min(image.size)
            left, top = (image.width - side) / 2, (image.height - side) / 2
            box, mirrored = (left, top, left + side, top + side), False
        else:
            rng = np.random.default_rng((self.seed, index))
            box, mirrored = _random_box(image.width, image.height, rng), rng.random() < 0.5
        image = image.resize((self.size, self.size), Image.Resampling.BICUBIC, box=box)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
        return _normalised(pixels.flip(2) if mirrored else pixels), label


def _random_box(
    width: int, height: int, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return a box of 8 to 100 % of an image's area and a ratio of sides of 3:4 to 4:3."""
    area = width * height * rng.uniform(0.08, 1.0)
    ratio = np.exp(rng.uniform(-1, 1) * np.log(4 / 3))
    w, h = min(np.sqrt(area * ratio), width), min(np.sqrt(area / ratio), height)
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    return float(left), float(top), float(left + w), float(top + h)


def joined(splits: Splits) -> Images:
    """Return all images that are not for the test, for a last training."""
    train, valid = splits.train, splits.valid
    if isinstance(train, InMemory) and isinstance(valid, InMemory):
        return replace(train, x=torch.cat([train.x, valid.x]), y=torch.cat([train.y, valid.y]))
    if isinstance(train, OnDisk) and isinstance(valid, OnDisk):
        return replace(train, files=train.files + valid.files)
    raise TypeError("both must be of one kind")


# --- invented -------------------------------------------------------------------------------------


def synthetic(
    n: int, *, channels: int = 3, size: int = 32, classes: int = 10, seed: int = 0
) -> Splits:
    """Return noise whose brightness tells the class: for dry runs, and learned in a few steps."""
    random = torch.Generator().manual_seed(seed)
    y = torch.randint(0, classes, (3 * n,), generator=random)
    x = torch.randn(3 * n, channels, size, size, generator=random) + y.reshape(-1, 1, 1, 1)
    every = InMemory(x - x.mean(), y)
    return Splits(every.part(0, n), every.part(n, 2 * n), every.part(2 * n, 3 * n))
