"""What the tests of the engine share beside the toy project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rft.jobs import follow
from tests.engine.toy import point_to
from tests.engine.trainer import Trainer


@pytest.fixture
def trainer(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainer]:
    """A vendor to whom the toy project sends its jobs; nobody waits between two looks."""
    monkeypatch.setattr(follow, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(follow, "LONGEST_WAIT_S", 0.01)
    with Trainer() as vendor:
        point_to(project, vendor.url)
        yield vendor
