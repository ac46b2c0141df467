"""Problems in which choices open other choices: invented, or trained models with real data.

A parameter that belongs to a branch exists only there. All have two objectives, an error and what
the configuration costs, and cheap evaluations; the best front is known exactly where the docstring
says so.
"""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from itertools import product
from typing import Any

import moocore
import numpy as np

from lamoo.arrays import Floats
from lamoo.space import Categorical, Float, Integer, Space
from lamoo_compare.problems.base import Conditions, Params, Problem


def _volume(points: Floats, reference: tuple[float, float]) -> float:
    """Return the hypervolume of points (n, 2), minimised."""
    return float(moocore.hypervolume(points[moocore.is_nondominated(points)], ref=reference))


# --- which kind of model --------------------------------------------------------------------------


def model_search() -> Problem:
    """Return an invented search over kinds of model: error, and log10 of the model's size.

    A linear model has no parameters of its own, trees have two, a network has four. The learning
    rate only adds to the error, so the exact front is that of the finitely many other parameters
    at the best rate.
    """
    space = Space(
        {
            "model": Categorical(("linear", "trees", "network")),
            "rate": Float(1e-5, 1e-1, log=True),
            "trees": Integer(10, 500, log=True),
            "depth": Integer(1, 12),
            "width": Integer(8, 512, log=True),
            "layers": Integer(1, 4),
            "dropout": Float(0.0, 0.5, step=0.05),
            "normalise": Categorical((False, True)),
        }
    )
    conditions: Conditions = {
        name: ("model", (kind,))
        for kind, names in {
            "trees": ("trees", "depth"),
            "network": ("width", "layers", "dropout", "normalise"),
        }.items()
        for name in names
    }
    return Problem(
        "model-search",
        space,
        ("minimize", "minimize"),
        _model_error_and_size,
        reference_point=(0.6, 7.0),
        best_hypervolume=_best_model_search(),
        source="the formula, over all configurations at the best rate",
        conditions=conditions,
    )


_BEST_RATE = {"linear": 1e-1, "trees": 10**-1.5, "network": 10**-2.5}


def _model_error_and_size(params: Params) -> tuple[float, float]:
    kind = params["model"]
    error = 0.02 * math.log10(params["rate"] / _BEST_RATE[kind]) ** 2
    if kind == "linear":
        return error + 0.35, 1.3
    if kind == "trees":
        n, depth = params["trees"], params["depth"]
        error += 0.12 + 0.25 * math.exp(-math.log(n) * depth / 15)
        return error + 0.003 * max(0, depth - 8) ** 2, math.log10(n * 2**depth)
    width, layers = params["width"], params["layers"]
    capacity = width * layers
    error += 0.05 + 0.4 * math.exp(-capacity / 150) + 0.04 * (not params["normalise"])
    error += 0.8 * (params["dropout"] - 0.4 * capacity / 2048) ** 2
    return error, math.log10(20 * width + layers * width**2)


@lru_cache(maxsize=1)
def _best_model_search() -> float:
    """Return the hypervolume of all configurations at the best rate of their kind."""
    grid: list[dict[str, Any]] = [{"model": "linear"}]
    grid += [
        {"model": "trees", "trees": n, "depth": depth}
        for n in range(10, 501)
        for depth in range(1, 13)
    ]
    grid += [
        {"model": "network", "width": w, "layers": k, "dropout": p / 20, "normalise": True}
        for w in range(8, 513)
        for k in range(1, 5)
        for p in range(11)
    ]
    points = [_model_error_and_size(p | {"rate": _BEST_RATE[p["model"]]}) for p in grid]
    return _volume(np.array(points), (0.6, 7.0))


# --- a depth, and one width per layer -------------------------------------------------------------

CHANNELS = (4, 8, 16, 32, 64)
_DEPTH_REFERENCE = (0.8, 5.8)


def depth_and_width(layers: int) -> Problem:
    """Return an invented search over convolutional networks: error, and log10 of the weights.

    The space is that of examples/nas/tutorial.py: a depth up to ``layers``, the channels of each
    layer that there is, and what all networks have (kernel, hidden units, learning rate). The best
    learning rate follows from the rest, so the exact front is that of all architectures at their
    best rate.
    """
    names = [f"channels{i}" for i in range(layers)]
    space = Space(
        {
            "depth": Integer(1, layers),
            **{name: Categorical(CHANNELS) for name in names},
            "kernel": Categorical((1, 3)),
            "hidden": Categorical((0, 32, 128)),
            "lr": Float(1e-4, 3e-2, log=True),
        }
    )
    conditions: Conditions = {
        name: ("depth", tuple(range(i + 1, layers + 1))) for i, name in enumerate(names) if i
    }
    return Problem(
        f"depth-and-width-{layers}",
        space,
        ("minimize", "minimize"),
        _network_error_and_size,
        reference_point=_DEPTH_REFERENCE,
        best_hypervolume=_best_depth_and_width(layers),
        source="the formula, over all architectures at their best rate",
        conditions=conditions,
    )


def _network_error_and_size(params: Params) -> tuple[float, float]:
    channels = [params[f"channels{i}"] for i in range(params["depth"])]
    error, size = _architecture(tuple(channels), params["kernel"], params["hidden"])
    best = 1e-2 / 2 ** len(channels)
    return error + 0.05 * math.log10(params["lr"] / best) ** 2, size


@lru_cache(maxsize=1 << 16)
def _architecture(channels: tuple[int, ...], kernel: int, hidden: int) -> tuple[float, float]:
    """Return the error at the best learning rate, and log10 of the weights, counted exactly."""
    weights, inputs, seen = 0, 1, 0.0
    for outputs in channels:
        weights += inputs * outputs * kernel**2 + outputs
        # a layer sees no more than its inputs show it, and each layer adds less
        seen = 0.5 * seen + math.log2(1 + min(outputs, 4 * inputs * kernel))
        inputs = outputs
    inputs *= 16
    if hidden:
        weights, inputs = weights + inputs * hidden + hidden, hidden
    weights += inputs * 10 + 10
    error = 0.02 + 0.9 * math.exp(-0.28 * seen) + (0.06 if kernel == 1 else 0.0)
    error += {0: 0.05, 32: 0.015, 128: 0.0}[hidden] + 0.008 * (len(channels) - 2) ** 2
    return error, math.log10(weights)


@lru_cache(maxsize=4)
def _best_depth_and_width(layers: int) -> float:
    points = {
        _architecture(channels, kernel, hidden)
        for depth in range(1, layers + 1)
        for channels in product(CHANNELS, repeat=depth)
        for kernel in (1, 3)
        for hidden in (0, 32, 128)
    }
    return _volume(np.array(sorted(points)), _DEPTH_REFERENCE)


# --- trained models -------------------------------------------------------------------------------


def families() -> Problem:
    """Return a search over four families of classifiers, trained on the spot.

    The data are scikit-learn's breast cancer set. Error in stratified cross-validation, and log10
    of the numbers that a prediction reads: principal components and the weights of a logistic
    regression, or all neighbours; a feature and a threshold for each node that it passes in a tree
    or in boosted trees. An evaluation takes some hundredths of a second and repeats exactly.
    """
    space = Space(
        {
            "family": Categorical(("logistic", "tree", "neighbours", "boosting")),
            "components": Integer(1, 20),
            "C": Float(1e-4, 1e2, log=True),
            "intercept": Categorical((True, False)),
            "tree_depth": Integer(1, 16),
            "min_leaf": Integer(1, 64, log=True),
            "criterion": Categorical(("gini", "entropy")),
            "k": Integer(1, 32, log=True),
            "weights": Categorical(("uniform", "distance")),
            "share": Float(0.02, 1.0, log=True),
            "rounds": Integer(1, 32, log=True),
            "rate": Float(1e-2, 1.0, log=True),
            "stump_depth": Integer(1, 4),
        }
    )
    of: dict[str, tuple[str, ...]] = {
        "logistic": ("C", "intercept"),
        "tree": ("tree_depth", "min_leaf", "criterion"),
        "neighbours": ("k", "weights", "share"),
        "boosting": ("rounds", "rate", "stump_depth"),
    }
    conditions: Conditions = {
        "components": ("family", ("logistic", "neighbours")),
        **{name: ("family", (family,)) for family, names in of.items() for name in names},
    }
    return Problem(
        "families-cancer",
        space,
        ("minimize", "minimize"),
        _trained,
        reference_point=_FAMILIES_REFERENCE,
        best_hypervolume=0.25,
        source="a grid over each family, rounded up",
        conditions=conditions,
    )


_FAMILIES_REFERENCE = (0.15, 3.0)


def _trained(params: Params) -> tuple[float, float]:
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415 - slow, and most do without
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    X, y = load_breast_cancer(return_X_y=True)
    wrong, read = 0, []
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    for train, test in folds.split(X, y):
        scaler = StandardScaler().fit(X[train])
        inner, outer = scaler.transform(X[train]), scaler.transform(X[test])
        components = 0
        if "components" in params:
            parts = PCA(params["components"], svd_solver="full").fit(inner)
            inner, outer = parts.transform(inner), parts.transform(outer)
            components = parts.components_.size
        model, numbers = _fitted(params, inner, y[train], outer)
        wrong += int((model.predict(outer) != y[test]).sum())
        read.append(components + numbers)
    return wrong / len(y), math.log10(float(np.mean(read)))


def _fitted(params: Params, X: Floats, y: Any, others: Floats) -> tuple[Any, float]:
    """Return a fitted model, and how many numbers it reads for each of others, on average."""
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415 - see above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    match params["family"]:
        case "logistic":
            model = LogisticRegression(
                C=params["C"], fit_intercept=params["intercept"], max_iter=2_000
            ).fit(X, y)
            return model, model.coef_.size + params["intercept"]
        case "tree":
            model = DecisionTreeClassifier(
                max_depth=params["tree_depth"],
                min_samples_leaf=params["min_leaf"],
                criterion=params["criterion"],
                random_state=0,
            ).fit(X, y)
            return model, 2 * model.decision_path(others).sum() / len(others)
        case "neighbours":
            n = max(params["k"], int(params["share"] * len(X)))
            kept = np.random.default_rng(0).permutation(len(X))[:n]
            model = KNeighborsClassifier(min(params["k"], len(kept)), weights=params["weights"])
            return model.fit(X[kept], y[kept]), X[kept].size
        case _:
            model = GradientBoostingClassifier(
                n_estimators=params["rounds"],
                learning_rate=params["rate"],
                max_depth=params["stump_depth"],
                random_state=0,
            ).fit(X, y)
            passed = sum(tree.decision_path(others).sum() for tree in model.estimators_.ravel())
            return model, 2 * passed / len(others)


def svm_parity() -> Problem:
    """Return a search over support vector machines that tell odd digits from even ones.

    The data are scikit-learn's digits, 250 to train on and 600 others. Error, and how many numbers
    a prediction compares: support vectors times principal components. A kernel opens ``gamma`` and
    ``degree``; numbers are places on scales of powers, so there are 3,888 configurations. An
    evaluation takes some hundredths of a second and repeats exactly.
    """
    space = Space(
        {
            "kernel": Categorical(("linear", "rbf", "poly", "sigmoid")),
            "C": Integer(0, 5),
            "scale": Categorical(("none", "standard", "minmax")),
            "components": Integer(0, 5),
            "gamma": Integer(0, 6),
            "degree": Integer(2, 4),
        }
    )
    return Problem(
        "svm-parity",
        space,
        ("minimize", "minimize"),
        _machine,
        reference_point=(0.3856666666666667, 4572.8),
        best_hypervolume=1602.0,
        source="all configurations, rounded up",
        conditions={
            "gamma": ("kernel", ("rbf", "poly", "sigmoid")),
            "degree": ("kernel", ("poly",)),
        },
    )


def _machine(params: Params) -> tuple[float, float]:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - slow, and most do without
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.preprocessing import MinMaxScaler, StandardScaler  # noqa: PLC0415
    from sklearn.svm import SVC  # noqa: PLC0415

    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))
    train, test = rows[:250], rows[250:850]
    inner, outer = X[train], X[test]
    if params["scale"] != "none":
        scaler = (StandardScaler if params["scale"] == "standard" else MinMaxScaler)().fit(inner)
        inner, outer = scaler.transform(inner), scaler.transform(outer)
    components = 2 ** (1 + params["components"])
    if components < X.shape[1]:
        parts = PCA(components, random_state=0).fit(inner)
        inner, outer = parts.transform(inner), parts.transform(outer)
    machine = SVC(
        C=10.0 ** (params["C"] - 2),
        kernel=params["kernel"],
        gamma=10.0 ** (params["gamma"] - 5) if "gamma" in params else "scale",
        degree=params.get("degree", 3),
        max_iter=1500,
    )
    with warnings.catch_warnings():  # some kernels do not converge, and are judged as they are
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(inner, y[train] % 2)
    wrong = np.mean(machine.predict(outer) != y[test] % 2)
    return float(wrong), float(machine.n_support_.sum() * components)
