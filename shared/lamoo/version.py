"""The version of this release. It stands here alone; pyproject.toml reads it."""

__version__ = "0.1.0"
