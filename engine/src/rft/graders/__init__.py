"""Run any grader of the project as the platform would, and check it before the platform does."""

from rft.graders.judge import Judge
from rft.graders.response import response
from rft.graders.run import TIMEOUT_S, Grader, needs_judge
from rft.graders.spec import (
    Spec,
    hosted,
    ignored_fields,
    leaves,
    load_spec,
    model_graders,
    not_hosted,
    parse_spec,
    problems,
    referenced_fields,
    spec_hash,
)

__all__ = [
    "TIMEOUT_S",
    "Grader",
    "Judge",
    "Spec",
    "hosted",
    "ignored_fields",
    "leaves",
    "load_spec",
    "model_graders",
    "needs_judge",
    "not_hosted",
    "parse_spec",
    "problems",
    "referenced_fields",
    "response",
    "spec_hash",
]
