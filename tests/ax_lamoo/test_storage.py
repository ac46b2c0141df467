"""Save in the middle, load in a new process: it goes on as if nothing had happened."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig, StorageConfig

import ax_lamoo

WORKER = Path(__file__).with_name("worker.py")
PARAMETERS = [
    *(RangeParameterConfig(name=n, parameter_type="float", bounds=(0, 1)) for n in "xy"),
    ChoiceParameterConfig(
        name="kind", parameter_type="str", values=["round", "flat", "none"], is_ordered=False
    ),
]
BEFORE, AFTER = 5, 2  # four of the start-up, and one; and two more


@pytest.fixture(scope="module")
def worker():
    spec = importlib.util.spec_from_file_location("worker", WORKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start(solver, storage=None):
    client = Client(storage_config=storage)
    client.configure_experiment(parameters=PARAMETERS, name="saved")
    client.configure_optimization(objective="-a, -b", outcome_constraints=["a <= 2"])
    client.set_generation_strategy(
        ax_lamoo.lamoo_generation_strategy(solver=solver, seed=4, initialization_budget=4)
    )
    return client


@pytest.fixture
def resumed(python):
    return lambda *saved: python("-W", "ignore", WORKER, AFTER, *saved)


def same(some, others):
    """Tell whether two runs proposed the same.

    Ax writes outcomes with ten decimals and reads them with an error in the last digit.
    """
    numbers = [[(params["x"], params["y"]) for params in run] for run in (some, others)]
    kinds = [[params["kind"] for params in run] for run in (some, others)]
    return kinds[0] == kinds[1] and np.allclose(*numbers, rtol=0, atol=1e-6)


@pytest.mark.parametrize("solver", ["gp", pytest.param("evolutionary", marks=pytest.mark.slow)])
def test_another_process_goes_on_with_a_file_and_with_a_database(resumed, solver, tmp_path, worker):
    """One process with both: to import Ax takes longer than all the rest."""
    uninterrupted = start(solver)
    first = worker.advance(uninterrupted, BEFORE)
    uninterrupted.save_to_json_file(str(tmp_path / "saved.json"))
    saved = ["json", tmp_path / "saved.json"]
    if importlib.util.find_spec("sqlalchemy"):
        from ax.storage.sqa_store import db

        url = f"sqlite:///{tmp_path / 'saved.db'}"
        db.init_engine_and_session_factory(url=url)
        db.create_all_tables(db.get_engine())
        assert worker.advance(start(solver, StorageConfig(url=url)), BEFORE) == first
        saved += ["sql", url]
    there = resumed(*saved)
    assert there.returncode == 0, there.stderr
    expected = worker.advance(uninterrupted, AFTER)
    found = json.loads(there.stdout)
    assert len(found) == len(saved) / 2
    assert all(same(asked, expected) for asked in found)


@pytest.mark.slow  # a process that imports Ax only to fail
def test_loading_without_the_import_says_what_to_import(resumed, tmp_path, worker):
    client = start("gp")
    worker.advance(client, 5)
    client.save_to_json_file(str(tmp_path / "saved.json"))
    there = resumed("json", tmp_path / "saved.json", "--forget")
    assert there.returncode != 0
    assert "import ax_lamoo before loading" in there.stderr


def test_a_strategy_that_was_not_used_yet(tmp_path, worker):
    client = start("random")
    client.save_to_json_file(str(tmp_path / "saved.json"))
    again = Client.load_from_json_file(str(tmp_path / "saved.json"))
    assert worker.advance(again, 6) == worker.advance(client, 6)
