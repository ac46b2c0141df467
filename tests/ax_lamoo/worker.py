"""A program that loads experiments and goes on with each: `worker.py TRIALS KIND PATH ...`.

A kind is json or sql. With --forget it does not import what the experiments need.
"""

import json
import logging
import sys

logging.disable(logging.WARNING)


def evaluate(params):
    """Return two objectives in conflict."""
    x, y = params["x"], params["y"]
    return {"a": x**2 + y, "b": (x - 1) ** 2 + y + (params["kind"] == "flat")}


def advance(client, trials):
    """Run trials and return their parameters."""
    asked = []
    for _ in range(trials):
        for index, params in client.get_next_trials(max_trials=1).items():
            client.complete_trial(trial_index=index, raw_data=evaluate(params))
            asked.append(params)
    return asked


if __name__ == "__main__":
    trials, *saved = [word for word in sys.argv[1:] if word != "--forget"]
    if "--forget" not in sys.argv:
        import ax_lamoo  # noqa: F401  it registers what Ax is to load
    from ax.api.client import Client
    from ax.api.configs import StorageConfig

    asked = []
    for kind, path in zip(saved[::2], saved[1::2], strict=True):
        if kind == "json":
            client = Client.load_from_json_file(path)
        else:
            client = Client.load_from_database("saved", storage_config=StorageConfig(url=path))
        asked.append(advance(client, int(trials)))
    sys.stdout.write(json.dumps(asked))
