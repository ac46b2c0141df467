#!/usr/bin/env bash
# ax-platform==1.3.1 (botorch 0.18.1)
# Expected: `configure_generation_strategy(method="quality")` works in what `pip install ax-platform`
#   installs, or says at once what is missing.
# Seen: it is taken, five trials are generated and completed, and the sixth raises ImportError: the
#   method's fully Bayesian models now need JAX and NumPyro, which neither package's requirements name.
# Matters: to who starts a study by that method: it ends after its initialisation. Install
#   "botorch[fully_bayesian]" first, or use "fast".
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q ax-platform==1.3.1 botorch==0.18.1
"$dir/venv/bin/python" - <<'PY'
import logging
import sys
import warnings

warnings.simplefilter("ignore")
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

logging.disable(logging.CRITICAL)
client = Client()
client.configure_experiment([RangeParameterConfig(name, (0, 1), "float") for name in "xy"])
client.configure_optimization("-loss")
client.configure_generation_strategy(method="quality")
completed, error = 0, None
try:
    for _ in range(8):
        for index, params in client.get_next_trials(1).items():
            client.complete_trial(index, {"loss": params["x"] ** 2 + params["y"]})
            completed += 1
except ImportError as raised:
    error = raised
print(completed, "trials were completed, then:", type(error).__name__)
print(error)
if completed != 5 or error is None or "JAX" not in str(error):
    sys.exit("Changed: when, or whether, the method says that JAX is missing.")
PY
