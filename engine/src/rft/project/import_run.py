"""`rft import-run`: answers that another tool drew become a run, graded here."""

from __future__ import annotations

import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft import runs
from rft.completions import AnswerFailedError, to_sample
from rft.errors import CheckError, UserError
from rft.findings import shown_path
from rft.jsonl import read_text
from rft.project.evaluation import prompt_hash, versions
from rft.project.loader import asked
from rft.project.regrading import grade_stored
from rft.records import Record
from rft.rollouts import response_format

if TYPE_CHECKING:
    from rft.project import Project

INSPECT_REASONS = {"max_tokens": "length", "model_length": "length", "unknown": None}
KINDS = ("inspect", "promptfoo")


@dataclass(frozen=True)
class ForeignAnswer:
    """One answer in another tool's results."""

    item_id: str
    reply: dict[str, Any]
    """As a chat completion."""
    error: str = ""
    """Why there is none."""


@dataclass(frozen=True)
class ImportedRun:
    """The runs that were made, one a split. Prints as the lines of `rft import-run`."""

    runs: list[runs.Run]
    answers: int
    failed: int
    """Answers without a reward."""
    unknown: list[str] = field(default_factory=list)
    """Ids that no row of the project has."""
    notes: list[str] = field(default_factory=list)
    """What was learned of the judge's endpoint."""

    def lines(self) -> list[str]:
        """The summary, a line each."""
        folders = ", ".join(shown_path(run.folder) for run in self.runs)
        lines = [f"{folders}: {self.answers} answers, graded with the project's own grader"]
        if self.failed:
            lines.append(f"{self.failed} answers have no reward: they failed there, or here")
        if self.unknown:
            names = ", ".join(self.unknown[:5])
            lines.append(
                f"left out: {len(self.unknown)} ids that no row in task/data has ({names})"
            )
        lines += [f"note on the judge: {note}" for note in self.notes]
        return [*lines, "next: rft ready, rft report, or rft compare with other runs"]


def import_run(project: Project, kind: str, path: Path, model: str = "") -> ImportedRun:
    """Make runs of a results file of promptfoo or a log of Inspect.

    `kind`: one of KINDS; `model`: what the run calls the model, else the file's own name of it. The
    answers are graded here; the scores in the file are not used. Raises UserError for a file of
    another kind, CheckError when none of its answers belongs to a row, OutsideError when the
    grader or its judge fails again and again: the same command then goes on from there.
    """
    if kind not in KINDS:
        raise UserError(f"Unknown kind '{kind}'; use {' or '.join(KINDS)}.")
    try:
        name, answers = (_inspect if kind == "inspect" else _promptfoo)(path)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            f"{shown_path(path)}: not results of {kind} ({error!r:.80}); export them as JSON again."
        ) from None
    known = {row.id: split.name for split in project.splits()[0] for row in split.rows}
    unknown = sorted({a.item_id for a in answers if a.item_id not in known})
    answers = [a for a in answers if a.item_id in known]
    if not answers:
        raise CheckError(
            f"{shown_path(path)}: no answer names the id of a row of the project (found: "
            f"{', '.join(unknown[:3]) or 'none'}); promptfoo tests need it as vars.row or vars.id."
        )
    by_split = defaultdict(list)
    for answer in answers:
        by_split[known[answer.item_id]].append(answer)
    made, notes = [], []
    for split, members in by_split.items():
        run, learned = _make(project, kind, split, model or name, members)
        made.append(run)
        notes += learned
    failed = sum(record.reward is None for run in made for record in run.stream())
    return ImportedRun(made, len(answers), failed, unknown, list(dict.fromkeys(notes)))


def _make(
    project: Project, kind: str, split: str, model: str, answers: list[ForeignAnswer]
) -> tuple[runs.Run, list[str]]:
    """(graded run of the answers to one split, what was learned of the judge's endpoint)."""
    counts = Counter(answer.item_id for answer in answers)
    rows = {row.id: row for row in project.rows(split) if row.id in counts}
    prompts = {key: asked(project.task, row) for key, row in rows.items()}
    answer_format = response_format(project.task.answer, project.settings.sampling)
    most = max(counts.values())
    info = runs.RunInfo(
        split=split,
        model=model,
        profile=kind,
        base_url="",
        item_ids=list(rows),
        samples_per_item=most,
        sampling={},
        hashes={
            "data": runs.digest([row.data for row in rows.values()]),
            "grader": project.grader_hash,
            "prompt": prompt_hash(prompts, answer_format),
            "answers": runs.digest([[a.item_id, a.reply, a.error] for a in answers]),
        },
        versions=versions(),
        absent=[(key, k) for key in rows for k in range(counts[key], most)],
    )
    run = runs.start(project.settings.runs, info)
    asked_so_far: Counter[str] = Counter()
    with run.writing(project.root, "answers"):
        for answer in answers:
            k = asked_so_far[answer.item_id]
            asked_so_far[answer.item_id] += 1
            if not run.has_sample(answer.item_id, k):
                run.append(_record(answer, k))
        notes = grade_stored(project, run, run, prompts, lambda record: None)
    run.touch()
    return run, notes


def _record(answer: ForeignAnswer, k: int) -> Record:
    """What is stored of an answer before it is graded."""
    record = Record(item_id=answer.item_id, k=k, error=answer.error or None)
    if not answer.error:
        try:
            record.sample = to_sample(answer.reply, 0.0)
        except AnswerFailedError as error:
            record.error = str(error)
    return record


def _promptfoo(path: Path) -> tuple[str, list[ForeignAnswer]]:
    """(model, answers) of `promptfoo eval -o results.json`."""
    results = json.loads(read_text(path))["results"]
    answers = []
    for result in results["results"] if isinstance(results, Mapping) else results:
        names = result["vars"]
        item = names.get("row") or names.get("id") or result["testCase"].get("description", "")
        response = result.get("response") or {}
        raw, output = response.get("raw"), response.get("output")
        if isinstance(raw, str):
            raw = json.loads(raw)
        if not (isinstance(raw, Mapping) and raw.get("choices")):
            text = output if isinstance(output, str | None) else json.dumps(output)
            raw = {"choices": [{"message": {"content": text}, "finish_reason": None}]}
        failed = result.get("error") if output is None else ""
        answers.append(ForeignAnswer(str(item), dict(raw), str(failed or "").partition("\n")[0]))
    provider = results["results"][0]["provider"] if answers else {}
    return str(provider.get("label") or provider.get("id") or "promptfoo"), answers


def _inspect(path: Path) -> tuple[str, list[ForeignAnswer]]:
    """(model, answers) of an Inspect log, *.json or *.eval."""
    header, samples = _inspect_log(path)
    answers = []
    for sample in samples:
        output = sample.get("output") or {}
        choices = output.get("choices") or []
        failed = (sample.get("error") or {}).get("message") or output.get("error") or ""
        if not choices:
            failed = failed or "Inspect has no answer to this row"
        reason = choices[0].get("stop_reason") if choices else None
        usage = output.get("usage") or {}
        reply = {
            "choices": [
                {
                    "message": choices[0]["message"] if choices else {},
                    "finish_reason": INSPECT_REASONS.get(str(reason), reason),
                }
            ],
            "usage": usage,
            "model": output.get("model"),
        }
        answers.append(ForeignAnswer(str(sample["id"]), reply, str(failed).partition("\n")[0]))
    return str(header["eval"]["model"]), answers


def _inspect_log(path: Path) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """The log without its samples, and the samples, in the order of their epochs."""
    if not zipfile.is_zipfile(path):
        log = json.loads(read_text(path))
        return log, iter(sorted(log["samples"], key=lambda sample: sample.get("epoch", 1)))
    try:
        with zipfile.ZipFile(path) as archive:
            if "header.json" not in archive.namelist():
                raise UserError(
                    f"{shown_path(path)} is the log of an evaluation that did not end; finish it "
                    "with `inspect eval-retry`."
                )
            names = [n for n in archive.namelist() if n.startswith("samples/")]
            samples = [json.loads(archive.read(name)) for name in names]
            header = json.loads(archive.read("header.json"))
    except NotImplementedError:
        raise UserError(
            f"{shown_path(path)} is compressed in a way this Python cannot read; make JSON of it: "
            "inspect log convert --to json --output-dir json FILE."
        ) from None
    return header, iter(sorted(samples, key=lambda sample: sample.get("epoch", 1)))
