"""Keeps the examples in the Ax plugin's docstrings from being run where Ax is not installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("ax") and find_spec("torch") else ["ax_lamoo"]
