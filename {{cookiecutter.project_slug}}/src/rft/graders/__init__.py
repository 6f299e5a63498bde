"""Run any grader of the project as the platform would, and check it before the platform does."""

from rft.graders.run import Grader
from rft.graders.spec import (
    Spec,
    hosted,
    load_spec,
    parse_spec,
    problems,
    referenced_fields,
    spec_hash,
)

__all__ = [
    "Grader",
    "Spec",
    "hosted",
    "load_spec",
    "parse_spec",
    "problems",
    "referenced_fields",
    "spec_hash",
]
