"""`rft eval --regrade`: stored samples graded with today's grader; no model is asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft import graders, runs
from rft.errors import UserError
from rft.evaluate import Breaker
from rft.project import shards
from rft.project.evaluation import watching
from rft.project.on_ray import on_ray
from rft.records import Record
from rft.workers import cores

if TYPE_CHECKING:
    from rft.project import Project
    from rft.project.evaluation import OnRecord, Watcher

SHARD = 16
"""Samples that a grader's process gets at a time."""


def fill(
    project: Project,
    run: runs.Run,
    prompts: Mapping[str, dict[str, Any]],
    answer_format: dict[str, Any] | None,
    watcher: Watcher | None,
    ray: str = "",
) -> list[str]:
    """Grade what a run lacks from the samples of an earlier one.

    `ray`: the address of a cluster that grades. Returns what was learned of the judge's endpoint.
    Raises UserError when no run holds answers to the same requests.
    """
    source = find_source(project.settings.runs, run)
    summary = (
        f"{run.info.split}: grading the answers of {run.info.model} in {source.folder.name} again"
    )
    with run.writing(project.root, "grades"), watching(watcher, run, summary) as on_record:
        if watcher:
            watcher.begin("", None)
        return grade_stored(project, source, run, prompts, on_record, ray)


def find_source(root: Path, run: runs.Run) -> runs.Run:
    """The run with the most answers to the requests of `run`, of several the newest.

    Raises UserError when there is none.
    """
    wanted = _requests(run.info)
    alike = [other for other in runs.all_runs(root) if _requests(other.info) == wanted]
    source = max(reversed(alike), key=runs.Run.sample_count, default=run)
    if not source.sample_count():
        raise UserError(
            f"No run holds answers of '{run.info.model}' to today's prompts of {run.info.split} "
            "with today's [sampling]; sample them with `rft eval`."
        )
    return source


def grade_stored(
    project: Project,
    source: runs.Run,
    run: runs.Run,
    rows: Mapping[str, dict[str, Any]],
    on_record: OnRecord,
    ray: str = "",
) -> list[str]:
    """Grade every sample of `source` that has no reward in `run`, which may be the same run.

    Returns what was learned of the judge's endpoint.
    """
    sampling = project.settings.sampling
    judged = bool(graders.model_graders(project.grader_spec))
    at_once = sampling.concurrency if judged else cores()
    job = shards.GradingJob(project.settings, rows, at_once)
    records = _ungraded(source, run)
    breaker = Breaker(sampling.concurrency)

    def keep(graded: Iterator[list[Record]]) -> None:
        for record in itertools.chain.from_iterable(graded):
            run.append(record, sample_stored=True)
            on_record(record)
            breaker.note(record)

    if ray:
        keep(on_ray(ray, job, records, judged=judged))
        return []
    with closing(shards.ShardGrader(job)) as grader:
        # What a judge says is paid for and kept at once.
        lists = shards.shards(records, 1 if judged else SHARD)
        keep(shards.in_window(grader.start, lists, 2 * at_once))
        return grader.grader.judge_notes()


def _ungraded(source: runs.Run, run: runs.Run) -> Iterator[Record]:
    """The samples of `source` without a reward in `run`, each stored there before it is given."""
    for stored in source.stream():
        key = stored.item_id, stored.k
        if not stored.sample or stored.k >= run.info.samples_per_item or run.has_reward(*key):
            continue
        record = Record(item_id=stored.item_id, k=stored.k, sample=stored.sample)
        if not run.has_sample(*key):
            run.append(record)
        yield record


def _requests(info: runs.RunInfo) -> list[Any]:
    """What decides a model's answers, without how many there are of each row."""
    same = "split", "model", "profile", "prompt_variant", "item_ids", "sampling"
    return [info.hashes["prompt"], *(getattr(info, name) for name in same)]
