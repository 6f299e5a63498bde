"""The grader by the package rft. project/ beside this file holds the project's settings and task/
without data; keys of a judge are read from the environment."""

from __future__ import annotations

import atexit
import functools
import json
import os
import threading
from pathlib import Path
from typing import Any

from rft_reward.result import NoScoreError, Score

from rft import Project
from rft.graders import Grader
from rft.project.loader import open_grader
from rft.workers import cores

HERE = Path(__file__).resolve().parent
LOADING = threading.Lock()


def score_sample(sample: dict[str, Any], item: dict[str, Any]) -> Score:
    """Score the contract's `sample` against a row. Raises NoScoreError."""
    with LOADING:  # trainers score from many threads, and functools.cache lets them all load
        grader = load()
    grade = grader.grade(sample, item)
    if grade.reward is None:
        raise NoScoreError("; ".join(grade.flags))
    return Score(grade.reward, grade.parts, grade.flags)


@functools.cache
def load() -> Grader:
    """The project's grader, once per process."""
    setup = json.loads((HERE / "reward.json").read_text(encoding="utf-8"))
    judged = setup["judged"] and "RFT_TRY_LOCALLY" not in os.environ  # a trial needs no key
    project = Project.open(HERE / "project")
    workers = min(cores(), 8)
    grader = open_grader(project.settings, project.grader_spec, judged=judged, workers=workers)
    atexit.register(grader.close)
    return grader
