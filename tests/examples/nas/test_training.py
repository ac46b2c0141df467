"""Images, and training that an interruption does not change."""

import copy
from dataclasses import replace

import numpy as np
import pytest


def network(blocks):
    parts = {"conv": blocks.Conv(1, 4, 3), "head": blocks.Head(4, 3, dropout=0.5)}
    return blocks.chain(parts)


def test_an_interrupted_training_ends_as_it_would_have(load, tmp_path):
    import torch

    blocks, images, training = load("blocks"), load("images"), load("training")
    data = images.synthetic(40, channels=1, size=8, classes=3).train
    for optimizer, average in (("sgd", None), ("adamw", None), ("sgd", 0.9)):
        recipe = training.Recipe(optimizer, 0.05, average=average, epochs=4, batch=8)

        def run(*, recipe=recipe, seed=3, **more):
            return training.train(lambda: network(blocks), data, recipe, seed=seed, **more)

        whole = run().state_dict()
        checkpoint = tmp_path / f"{optimizer}-{average}" / "state.pt"

        def stop(epochs, _):
            if epochs == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(checkpoint=checkpoint, on_epoch=stop)
        seen = []

        def see(epochs, _, seen=seen):
            seen.append(epochs)

        resumed = run(checkpoint=checkpoint, on_epoch=see).state_dict()
        assert seen == [2, 3, 4]
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)
        other = run(seed=4).state_dict()
        assert not all(torch.equal(whole[name], other[name]) for name in whole)


def test_training_learns(load):
    blocks, images, training = load("blocks"), load("images"), load("training")
    splits = images.synthetic(60, channels=1, size=8, classes=3)
    recipe = training.Recipe("sgd", 0.1, epochs=8, batch=10)
    module = training.train(lambda: network(blocks), splits.train, recipe, seed=0)
    assert training.error(module, splits.test) < 30  # guessing is wrong in two cases of three


def test_the_average_is_of_the_weights_after_each_step(load):
    import torch

    blocks, images, training = load("blocks"), load("images"), load("training")
    data = images.synthetic(40, channels=1, size=8, classes=3).train
    recipe = training.Recipe("sgd", 0.05, average=0.2, epochs=3, batch=40)  # of one step each
    trained, average, built = [], [], []

    def build():
        built.append(network(blocks))
        return built[0]

    def on_epoch(_, judged):
        trained.append(copy.deepcopy(built[0].state_dict()))
        average.append(copy.deepcopy(judged.state_dict()))

    module = training.train(build, data, recipe, seed=0, on_epoch=on_epoch)
    for name in (name for name, value in trained[0].items() if value.is_floating_point()):
        expected = trained[1][name]  # what it began with is forgotten
        torch.testing.assert_close(average[1][name], expected)
        for steps in (1, 2):
            share = min(0.2, (1 + steps) / (10 + steps))
            expected = share * expected + (1 - share) * trained[steps + 1][name]
            torch.testing.assert_close(average[steps + 1][name], expected)
        torch.testing.assert_close(module.state_dict()[name], average[3][name])


def test_a_training_with_an_average_need_not_know_how_long_it_will_be(load):
    import torch

    blocks, images, training = load("blocks"), load("images"), load("training")
    data = images.synthetic(40, channels=1, size=8, classes=3).train
    recipe = training.Recipe("adamw", 0.05, average=0.9, batch=8)

    def states(epochs):
        found = []
        training.train(
            lambda: network(blocks),
            data,
            replace(recipe, epochs=epochs),
            seed=0,
            on_epoch=lambda _, judged: found.append(copy.deepcopy(judged.state_dict())),
        )
        return found

    for short, long in zip(states(2), states(4), strict=False):
        assert all(torch.equal(short[name], long[name]) for name in short)


def test_an_unknown_optimizer_is_refused(load):
    blocks, images, training = load("blocks"), load("images"), load("training")
    data = images.synthetic(4, channels=1, size=8).train
    with pytest.raises(ValueError, match="optimizer must be 'sgd' or 'adamw', got 'lion'"):
        training.train(lambda: network(blocks), data, training.Recipe("lion"), seed=0)


def test_fashion_reads_the_format_and_keeps_validation_apart(load, invented):
    images = load("images")
    splits = images.fashion(invented, size=28, train=50, valid=30)
    assert [len(part) for part in splits] == [50, 30, 40]
    assert splits.train.x.shape == (50, 1, 28, 28)
    small = images.fashion(invented, size=14, train=90, valid=30)
    # the first image, its pixels averaged in squares of four
    first = splits.train.x[0, 0].reshape(14, 2, 14, 2).mean((1, 3))
    assert np.allclose(small.train.x[0, 0], first, atol=1e-6)
    assert (small.train.x[:50].mean((1, 2, 3)) - splits.train.x.mean((1, 2, 3))).abs().max() < 1e-5
    assert (small.valid.y == splits.valid.y).all()
    with pytest.raises(ValueError, match="share 120 images, got 100 and 30"):
        images.fashion(invented, train=100, valid=30)


def test_the_real_fashion_mnist_has_what_it_should(load):
    images = load("images")
    if not images.FASHION.is_dir():
        pytest.skip("Fashion-MNIST is not installed: apt install dataset-fashion-mnist")
    splits = images.fashion(train=500, valid=100)
    assert [len(part) for part in splits] == [500, 100, 10_000]
    assert np.bincount(splits.test.y).tolist() == [1000] * 10
    assert abs(float(splits.test.x.mean())) < 0.02


@pytest.mark.parametrize(
    ("reader", "hint"),
    [
        ("fashion", "apt install dataset-fashion-mnist"),
        ("cifar10", "cifar-10-binary.tar.gz"),
        ("image_folder", "train/CLASS/*"),
    ],
)
def test_missing_images_are_told_and_how_to_get_them(load, tmp_path, reader, hint):
    images, more = load("images"), {"size": 8} if reader == "image_folder" else {}
    with pytest.raises(FileNotFoundError) as error:
        getattr(images, reader)(tmp_path, **more)
    assert hint in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_cifar_reads_the_binary_version(load, tmp_path, rng):
    images = load("images")
    rows = rng.integers(0, 256, (60, 3073)).astype(np.uint8)
    rows[:, 0] %= 10
    for i, name in enumerate([*images.CIFAR_TRAIN, *images.CIFAR_TEST]):
        rows[10 * i : 10 * i + 10].tofile(tmp_path / name)
    splits = images.cifar10(tmp_path, valid=5)
    assert [len(part) for part in splits] == [45, 5, 10]
    assert splits.valid.y.tolist() == rows[45:50, 0].tolist()
    # the format: a label, then red, green and blue, each row by row
    x, y = next(splits.test.batches(10))
    green = rows[50 + 3, 1 + 1024 + 32 * 7 + 11] / 255
    assert float(x[3, 1, 7, 11]) == pytest.approx((green - 0.456) / 0.224, abs=1e-5)
    assert y[3] == rows[53, 0]
    (tmp_path / "test_batch.bin").write_bytes(b"no")
    with pytest.raises(ValueError, match="not of CIFAR-10's binary version"):
        images.cifar10(tmp_path)


def test_image_folders_are_split_and_read(load, tmp_path, rng):
    import torch
    from PIL import Image

    images = load("images")
    for part, n in (("train", 6), ("val", 2)):
        for label, brightness in (("cat", 0), ("dog", 200)):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for i in range(n):
                pixels = brightness + rng.integers(0, 50, (20 + i, 30, 3))
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
    splits = images.image_folder(tmp_path, size=16, every=3, workers=0)
    assert [len(part) for part in splits] == [8, 4, 4]
    x, y = next(splits.test.batches(4))
    assert x.shape == (4, 3, 16, 16)
    assert y.tolist() == [0, 0, 1, 1]
    assert (x[y == 1].mean() - x[y == 0].mean()).item() > 2
    first, again, other = (next(splits.train.batches(8, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert len(images.joined(splits)) == 12


def test_augmented_images_are_shifted_mirrored_and_cut(load):
    import torch

    images, random = load("images"), torch.Generator().manual_seed(0)
    x = torch.rand(50, 3, 12, 12) + 1
    plain = images.augmented(x, random, shift=0, hole=0)
    same, mirrored = ((plain == y).all(-1).all(-1).all(-1) for y in (x, x.flip(3)))
    assert (same ^ mirrored).all()
    assert 10 < int(same.sum()) < 40
    shifted = images.augmented(x, random, shift=2, hole=0)
    assert 0 < float((shifted == 0).float().mean()) < 0.5  # what came in from outside
    cut = images.augmented(x, random, shift=0, hole=6)
    empty = (cut == 0).all(1).sum((1, 2))
    assert (empty <= 36).all()
    assert int(empty.max()) >= 25


def test_batches_without_a_seed_are_in_order(load):
    import torch

    images = load("images")
    data = images.synthetic(7, size=4).train
    x = torch.cat([x for x, _ in data.batches(3)])
    assert torch.equal(x, data.x)
    y = torch.cat([y for _, y in data.batches(3, seed=1)])
    assert len(y) == 6  # a batch of one cannot be normalised
