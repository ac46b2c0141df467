"""The search spaces: parameters and networks, counts and gradients."""

from dataclasses import replace

import numpy as np
import optuna
import pytest

SPACES = {
    "stages": (1, 14, 14),
    "nasnet": (3, 32, 32),
    "efficientnet": (3, 224, 224),
}


@pytest.mark.parametrize("name", SPACES)
def test_parameters_and_networks_are_the_same_said_in_two_ways(load, rng, name):
    space = load(f"spaces.{name}").SPACE
    for _ in range(50):
        network = space.draw(rng)
        assert space.decode(space.encode(network)) == network


@pytest.mark.parametrize("name", SPACES)
def test_a_trial_is_asked_for_what_the_network_has_and_no_more(load, name):
    space = load(f"spaces.{name}").SPACE
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = study.ask()
        network = space.suggest(trial)
        assert trial.params == space.encode(network)
        assert trial.distributions.items() <= dict(space.distributions).items()


@pytest.mark.parametrize("name", SPACES)
def test_costs_are_those_of_pytorchs_counter_on_the_whole_network(load, rng, name):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    space, shape = load(f"spaces.{name}").SPACE, SPACES[name]
    for _ in range(1 if name == "nasnet" else 3):  # of hundreds of layers
        network = space.draw(rng)
        if name == "efficientnet":
            shape = (3, network.size, network.size)
        with torch.device("meta"):
            module = network.build().eval()
            with FlopCounterMode(display=False) as counter:
                module(torch.empty(1, *shape))
        cost = network.cost()
        assert cost.parameters == sum(p.numel() for p in module.parameters())
        assert 2 * cost.macs == counter.get_total_flops()


@pytest.mark.parametrize("name", SPACES)
def test_random_networks_run_forward_and_backward(load, rng, name):
    import torch

    space = load(f"spaces.{name}").SPACE
    for seed in range(3):
        torch.manual_seed(seed)
        network = space.draw(rng)
        if name == "nasnet":
            network = replace(network, width=4, repeats=1)
        channels, size, _ = SPACES[name]
        module = network.build(channels, 7)
        output = module(torch.randn(2, channels, min(size, 64), min(size, 64)))
        assert output.shape == (2, 7)
        output.square().sum().backward()
        for weight in module.parameters():
            assert weight.grad is not None
            assert torch.isfinite(weight.grad).all()


def test_published_numbers_of_parameters(load):
    # EfficientNet-B0 as torchvision documents it: 5,288,548 parameters, 0.39 G multiply-adds
    cost = load("spaces.efficientnet").B0.cost()
    assert cost.parameters == 5_288_548
    assert cost.macs / 1e9 == pytest.approx(0.39, abs=0.005)
    # the second-order cell of DARTS (Liu et al., ICLR 2019), whose code logs 3.349342 M
    nasnet = load("spaces.nasnet")
    normal = "sep 0 sep 1 sep 0 sep 1 sep 1 skip 0 skip 0 dil 2"
    reduction = "max 0 max 1 skip 2 max 1 max 0 skip 2 skip 2 max 1"
    full = {"sep": "sep_conv_3", "dil": "dil_conv_3", "max": "max_pool_3", "skip": "skip"}

    def blocks(text):
        words = text.split()
        edges = [nasnet.Edge(full[words[i]], int(words[i + 1])) for i in range(0, len(words), 2)]
        return tuple(zip(edges[::2], edges[1::2], strict=True))

    darts = nasnet.Network(blocks(normal), blocks(reduction), width=36, repeats=6)
    assert darts.cost().parameters == 3_349_342


def test_a_convolution_is_counted_as_its_definition_says(load):
    blocks, counting = load("blocks"), load("counting")
    cost = counting.cost(blocks.Unit(6, 8, 5, stride=2, groups=2), (6, 14, 14))
    assert cost.shape == (8, 7, 7)
    assert cost.parameters == 8 * (6 // 2) * 25 + 2 * 8
    assert cost.macs == 7 * 7 * 8 * (6 // 2) * 25


def test_parameters_that_a_network_does_not_have_do_not_exist(load):
    stages = load("spaces.stages")
    network = stages.SPACE.decode({"depth3": 0, "block1": "conv", "depth2": 1})
    params = stages.SPACE.encode(network)
    assert len(network.stages) == 2
    assert not {"width3", "kernel3", "expansion1", "skip2"} & params.keys()
    assert {"skip1", "width2"} <= params.keys()


def test_the_order_of_two_edges_does_not_matter(load, rng):
    nasnet = load("spaces.nasnet")
    network = nasnet.SPACE.draw(rng)
    turned = replace(network, normal=tuple((b, a) for a, b in network.normal))
    assert turned != network
    assert nasnet.canonical(turned) == nasnet.canonical(network)
    assert turned.cost() == network.cost()
    assert nasnet.canonical(network) != nasnet.canonical(replace(network, repeats=7))


def test_a_skip_adds_the_input(load):
    import torch

    blocks = load("blocks")
    torch.manual_seed(0)
    with_skip = blocks.MBConv(4, 4, 3, 2, skip=True).build().eval()
    without = blocks.MBConv(4, 4, 3, 2, skip=False).build().eval()
    without.load_state_dict(with_skip.state_dict())
    x = torch.randn(2, 4, 5, 5)
    assert torch.allclose(with_skip(x), x + without(x))


def test_dropped_paths_keep_the_mean(load):
    import torch

    drop = load("blocks").DropPath(0.25)
    torch.manual_seed(0)
    x = torch.ones(4000, 1, 1, 1)
    out = drop(x)
    assert out.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(out.mean()) == pytest.approx(1, abs=4 * np.sqrt(0.25 / 0.75 / 4000))
    assert (drop.eval()(x) == x).all()
