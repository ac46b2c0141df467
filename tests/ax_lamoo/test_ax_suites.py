"""Ax's own tests, with LaMOO's generator wherever Ax would take its default one."""

import os
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(
    find_spec("pyfakefs") is None, reason="Ax's tests need pyfakefs (pip install lamoo[oracle])"
)

#: A plugin for pytest: Ax's default strategy is LaMOO's, and so is Ax's default generator.
PLUGIN = """
import ax.adapter.registry
import ax.api.client
import ax_lamoo.registry
import ax_lamoo.strategy

ax_lamoo.strategy.NODE = "MBM"  # some tests look up Ax's node by its name
choose = ax.api.client.choose_generation_strategy


def chosen(struct, **options):
    if struct.method != "fast" or struct.simplify_parameter_changes:
        return choose(struct, **options)
    budget = struct.initialization_budget
    return ax_lamoo.lamoo_generation_strategy(
        seed=struct.initialization_random_seed,
        initialization_budget=5 if budget is None else budget,
        initialize_with_center=struct.initialize_with_center,
        min_observed_initialization_trials=struct.min_observed_initialization_trials,
        use_existing_trials_for_initialization=struct.use_existing_trials_for_initialization,
        allow_exceeding_initialization_budget=struct.allow_exceeding_initialization_budget,
    )


ax.api.client.choose_generation_strategy = chosen
setups = ax.adapter.registry.GENERATOR_KEY_TO_GENERATOR_SETUP
setups["BoTorch"] = ax_lamoo.registry.SETUPS["LaMOO"]
"""

#: What cannot be the same, and why.
DIFFERENT = {
    # reads Ax's name of its generator out of a trial
    "test_get_next_trials_with_db",
    # reads an argument of Ax's generator, for an option that ours does not have
    "test_configure_generation_strategy_with_simplify",
    # assert that proposing fitted Ax's model, which ours does not need
    "test_fitted_adapter_prefers_predictive_over_fallback",
    "test_properties",
    "test_it_works_with_multitask_models",
    # expect nothing before there are outcomes, where ours goes on with the start-up
    "test_generate_candidates_does_not_generate_if_missing",
    # asks the adapter for predictions that proposed before there were outcomes, see above
    "test_get_fitted_adapter",
    # asks for a fourth trial of three configurations, which ours refuses
    "test_get_pareto_optimal_parameters_simple",
}


@pytest.mark.parametrize(
    ("suite", "least"),
    [
        ("ax.api.tests.test_client", 38),
        pytest.param("ax.adapter.tests.test_torch_moo_adapter", 6, marks=pytest.mark.slow),
        pytest.param("ax.adapter.tests.test_hierarchical_search_space", 3, marks=pytest.mark.slow),
        pytest.param("ax.service.tests.test_ax_client", 88, marks=pytest.mark.slow),
        pytest.param(
            "ax.generation_strategy.tests.test_generation_node", 20, marks=pytest.mark.slow
        ),
        pytest.param(
            "ax.generation_strategy.tests.test_generation_strategy", 46, marks=pytest.mark.slow
        ),
        pytest.param("ax.orchestration.tests.test_orchestrator", 156, marks=pytest.mark.slow),
    ],
)
def test_suite_of_ax(python, patience, suite, least, tmp_path):
    (tmp_path / "lamoo_plugin.py").write_text(PLUGIN)
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    known = " and ".join(f"not {name}" for name in sorted(DIFFERENT))
    options = ["-p", "lamoo_plugin", "-p", "no:cacheprovider", "-k", known, "--pyargs"]
    command = ("-W", "ignore", "-m", "pytest", "-q", "--disable-warnings", *options, suite)
    found = {"folder": tmp_path, "environment": {"PYTHONPATH": path}}
    done = python(*command, **found, patience=6 * patience)  # the long ones are minutes
    assert done.returncode == 0, done.stdout[-4000:]
    passed = [line for line in done.stdout.splitlines() if " passed" in line][-1]
    assert int(passed.split(" passed")[0].split()[-1]) >= least
