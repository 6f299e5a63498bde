"""Find what a vendor would refuse before anything is uploaded: one sentence each, with remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Literal, get_args

from rft import graders
from rft.config import ProfileName
from rft.dataset import ROW_LIMITS
from rft.errors import CheckError
from rft.jobs import dates
from rft.jobs.body import CONTRACTS
from rft.jobs.hyper import Method

FOUNDRY_BASES = ("o4-mini", "gpt-5")
"""Bases of RFT in Foundry's table of 2026-03-05; a later table may hold more."""
BEDROCK_BASES = ("openai.gpt-oss-20b", "qwen.qwen3-32b")
_INDEX = re.compile(r"\{\{[^}]*\[\d+\][^}]*\}\}")


Level = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class JobCheck:
    """One check of the preflight; a "fail" keeps the job from being sent."""

    level: Level
    sentence: str


passed, warning, fault = (partial(JobCheck, level) for level in get_args(Level))


@dataclass(frozen=True)
class PlannedJob:
    """The parts of a job that the preflight looks at."""

    profile: ProfileName
    method: Method
    model: str
    spec: graders.Spec
    rows: Mapping[str, int]
    """Rows by split: train, validation."""
    hyperparameters: Mapping[str, Any]


def preflight(job: PlannedJob, today: date) -> list[JobCheck]:
    """Everything that can be known without asking the vendor."""
    return [
        *_rows(job),
        *_calendar(job, today),
        *alive(job.profile, job.model, dates.shutdown(job.profile, job.model), today),
        *_eligible(job, today),
        *(_grader(job, today) if job.method == "reinforcement" else ()),
    ]


def _rows(job: PlannedJob) -> Iterator[JobCheck]:
    for split in ("train", "validation"):
        count = job.rows.get(split, 0)
        low, high = ROW_LIMITS.get(job.profile, {}).get(split, (1, None))
        if split == "validation" and "validation_file" not in CONTRACTS[job.profile].optional:
            yield passed(f"{count:,} validation rows: {job.profile} does not take this file.")
        elif not count:
            yield fault(f"task/data/{split}.jsonl holds no rows; a job needs both files, add some.")
        elif count < low:
            yield fault(
                f"{count:,} {split} rows, but {job.profile} takes {low:,} or more; add "
                f"{low - count:,}, or train on another profile."
            )
        elif high and count > high:
            yield fault(
                f"{count:,} {split} rows, but {job.profile} takes at most {high:,}; sample some."
            )
        else:
            yield passed(f"{count:,} {split} rows.")


def _calendar(job: PlannedJob, today: date) -> Iterator[JobCheck]:
    if job.profile != "openai":
        return
    if today >= dates.OPENAI_NO_JOBS:
        yield fault(
            f"OpenAI has not taken fine-tuning jobs from anyone since {dates.OPENAI_NO_JOBS} "
            f"({dates.OPENAI_PAGE}); use profile bedrock, foundry or local."
        )
    elif today >= dates.OPENAI_NO_NEW_ORGANISATIONS:
        yield warning(
            "OpenAI takes jobs only from organisations that ran one before "
            f"{dates.OPENAI_NO_NEW_ORGANISATIONS} and used a tuned model lately (since "
            f"{dates.OPENAI_NO_INACTIVE_ORGANISATIONS}), and from nobody from "
            f"{dates.OPENAI_NO_JOBS}; others get a 403 and take bedrock, foundry or local."
        )


def alive(profile: str, model: str, ends: date | None, today: date) -> Iterator[JobCheck]:
    """Whether the base is still served; `ends`: the vendor's shutdown_date or the table's."""
    if ends is None:
        return
    if profile == "foundry" and model.startswith("o4-mini") and today < dates.FOUNDRY_O4_MINI_ENDS:
        return  # _eligible says who may still train it
    # Of a tuned model OpenAI says that it ends with its base; Microsoft gives it some months more.
    with_it = ", and what was tuned from it with it" if profile == "openai" else ""
    if ends <= today:
        yield fault(
            f"{model} was shut down on {ends}; start from a model that is still served (--from)."
        )
    else:
        yield warning(
            f"{model} will be shut down on {ends}{with_it}; prefer a base that lives longer."
        )


def _eligible(job: PlannedJob, today: date) -> Iterator[JobCheck]:
    if job.method != "reinforcement":
        return
    name = job.model.removeprefix("ft:")
    if job.profile == "foundry":
        yield _foundry_base(name, today)
    if job.profile == "bedrock":
        if name not in BEDROCK_BASES:
            yield warning(
                f"Bedrock's documents show RFT with {' and '.join(BEDROCK_BASES)} in us-west-2; "
                f"check whether {name} was added before you upload."
            )
        rate = job.hyperparameters.get("learning_rate_multiplier", 1)
        if not isinstance(rate, str) and rate >= 1:
            yield warning(
                "Amazon advises a learning_rate_multiplier below 1; set one with --hyper "
                "learning_rate_multiplier=0.5."
            )


def _foundry_base(name: str, today: date) -> JobCheck:
    ends, page = dates.FOUNDRY_O4_MINI_ENDS, dates.FOUNDRY_PAGE
    if name.startswith("o4-mini") and today >= ends:
        return fault(
            f"Foundry trains o4-mini until {ends}, even for customers who had it; use gpt-5 (on "
            "approval) or another profile."
        )
    if name.startswith("o4-mini"):
        cutoff = dates.FOUNDRY_MODELS["o4-mini-2025-04-16"]
        return warning(
            f"Foundry trains o4-mini only for customers who had it before {cutoff}, until {ends}; "
            f"newcomers ask for gpt-5 ({page})."
        )
    if name.startswith("gpt-5"):
        return warning(
            "Foundry trains gpt-5 only for subscriptions that were approved; ask for access first "
            f"({page})."
        )
    return warning(
        f"Foundry's table of bases for RFT names {' and '.join(FOUNDRY_BASES)} only (version of "
        f"2026-03-05); check whether {name} was added ({page})."
    )


def _grader(job: PlannedJob, today: date) -> Iterator[JobCheck]:
    if job.profile == "bedrock":
        yield passed(
            "Rewards come from the Lambda; `rft export bedrock` tests it against grader.py."
        )
        return
    for key, leaf in graders.model_graders(job.spec).items():
        ends = dates.shutdown(job.profile, leaf.model)
        if ends and ends <= today:
            yield fault(
                f"Grader {key or leaf.name} asks {leaf.model}, which was shut down on {ends}; name "
                "a model that is alive in task/grader.json."
            )
    for sentence in graders.problems(job.spec):
        yield fault(f"Grader: {sentence}")
    if job.profile == "foundry" and _INDEX.search(str(graders.hosted(job.spec))):
        yield warning(
            "Microsoft's notes say that its templates take no list index such as [0]; do that in "
            "a python grader."
        )


def refuse(checks: Iterable[JobCheck]) -> None:
    """Raises CheckError with the first check that keeps the job from being sent, if any."""
    reasons = [check.sentence for check in checks if check.level == "fail"]
    if reasons:
        more = f" ({len(reasons) - 1} more above)" if len(reasons) > 1 else ""
        raise CheckError(f"not sent: {reasons[0]}{more}")
