"""The folder for files that are kept for all projects of a user."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """Where models, the sandbox and indexes are kept (the variable RFT_CACHE names another)."""
    chosen = os.environ.get("RFT_CACHE")
    return Path(chosen) if chosen else user_cache_path("cookiecutter-rft")
