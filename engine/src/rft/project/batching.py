"""`rft eval --batch`: the answers that a run lacks, by the vendor's Batch API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from rft import batch, config, runs
from rft.batch import Batches, Reply, Sent
from rft.completions import AnswerFailedError, to_sample
from rft.dialect import LESSONS, Dialect
from rft.endpoint import fault_of_reply, message_in, quoted, secrets_of, sync_client
from rft.errors import OutsideError, RftError, UserError
from rft.evaluate import seed_for
from rft.project.evaluation import watching
from rft.project.regrading import grade_stored
from rft.records import Record, Sample
from rft.rollouts import failure, rejected_answer, request
from rft.spending import RunLimits, earlier_answers, expected

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

    from rft.config import Settings
    from rft.project import Project
    from rft.project.evaluation import OnRecord, Watcher

Prompts = Mapping[str, dict[str, Any]]


def fill(
    project: Project,
    run: runs.Run,
    prompts: Prompts,
    answer_format: dict[str, Any] | None,
    watcher: Watcher | None,
) -> list[str]:
    """Send what is missing, wait for it, grade it. Batches that are under way are waited for first.

    What the vendor did not answer is sent again by the next command, and by this one where only the
    form of the request was refused. Returns what was learned of the judge's endpoint.
    """
    settings = project.settings
    if settings.endpoint.profile == "local":
        raise UserError("Profile 'local' has no Batch API; leave --batch out.")
    limits = RunLimits(settings, run, prompts)
    summary = f"{run.info.split}: {run.info.planned:,} answers from {run.info.model} by batch"
    with (
        run.writing(project.root, "answers"),
        watching(watcher, run, summary) as on_record,
        closing(
            sync_client(
                config.base_url(settings.endpoint),
                config.api_key(settings.endpoint),
                max_retries=settings.sampling.max_retries,
                timeout_s=settings.sampling.timeout_s,
            )
        ) as client,
    ):
        post = _Post(client, settings, run, prompts, answer_format, watcher, on_record)
        notes: list[str] = []
        begun = False
        for attempt in range(LESSONS + 1):
            lessons = len(post.dialect.refused)
            if post.collect(limits.check) and watcher and not begun:
                watcher.begin()
                begun = True
            notes += grade_stored(project, run, run, prompts, on_record)
            lacking = [key for key in run.missing() if not run.has_sample(*key)]
            if not lacking or (attempt and len(post.dialect.refused) == lessons):
                break
            post.send(lacking)
        return list(dict.fromkeys(notes))


class _Post:
    """What goes to the vendor for one run, and what comes back."""

    def __init__(
        self,
        client: OpenAI,
        settings: Settings,
        run: runs.Run,
        prompts: Prompts,
        answer_format: dict[str, Any] | None,
        watcher: Watcher | None,
        on_record: OnRecord,
    ) -> None:
        self.client, self.settings, self.run = client, settings, run
        self._prompts, self._format = prompts, answer_format
        self._say = watcher.say if watcher else lambda line: None
        self._on_record = on_record
        self._batches = Batches(run.folder)
        self.dialect = self._dialect(run.info.refused_fields)
        self._rank = {item_id: n for n, item_id in enumerate(run.info.item_ids)}

    def send(self, keys: list[tuple[str, int]]) -> None:
        """Create batches for these answers. Raises LimitReachedError where the cap forbids it."""
        earlier = earlier_answers(self.settings.runs, self.run)
        coming = expected(self.settings, self._prompts, len(keys), earlier, at_once=False)
        if coming.notable(self.settings.sampling.announce_cost):
            self._say(str(coming))
        RunLimits(self.settings, self.run, self._prompts).allow(coming.most)
        lines = ((f"{self._rank[i]}-{k}", self._body(i, k, self.dialect)) for i, k in keys)
        refused = list(self.dialect.refused)
        batch.send(self.client, lines, self._batches, refused, self.run.folder, self._say)

    def collect(self, check: Callable[[], None]) -> bool:
        """Wait for every batch under way and store what it brought; False where there is none.

        Raises UserError when the vendor refuses it as a whole, or for a reason that holds for every
        request.
        """
        under_way = self._batches.under_way()
        for sent in under_way:
            sent.id = sent.id or batch.find(self.client, sent)
            error = None
            if sent.id:
                self._batches.note(sent)
                ended = batch.wait_for(self.client, sent, self._say, check)
                error = self._store(sent, ended)
                self.run.learn(self.dialect.refused)
            sent.over = True
            self._batches.note(sent)
            if error:
                raise error
        return bool(under_way)

    def _store(self, sent: Sent, ended: Batch) -> RftError | None:
        if ended.status == "failed":
            return self._refusal(sent, ended)
        error = None
        for reply in batch.replies(self.client, ended):
            item_id, k = self._key(reply)
            if self.run.has_sample(item_id, k):
                continue  # stored by a command that was killed
            record = Record(item_id=item_id, k=k)
            try:
                record.sample = self._sample(reply, item_id, k, sent)
            except AnswerFailedError as failed:
                record.error, record.refused = str(failed), failed.refused
            except UserError as wrong:
                record.error, error = str(wrong), wrong
            if record.sample or record.error:
                self.run.append(record)
            if record.error:
                self._on_record(record)
        return error

    def _sample(self, reply: Reply, item_id: str, k: int, sent: Sent) -> Sample | None:
        """The answer in a reply; None when its request has to be written otherwise."""
        keys = secrets_of(self.client)
        if reply.status is None:
            words = quoted(message_in(reply.body), *keys)
            raise AnswerFailedError(f"The batch ended without this answer: {words}")
        if reply.status == 200:
            ends = self.settings.sampling.finish_reasons
            sample = to_sample(reply.body, 0.0, ends, keys)
            self.dialect.served = True
            return sample
        fault = fault_of_reply(reply.status, reply.body, self.client)
        if rejected := rejected_answer(fault, keys):
            return rejected
        if self.dialect.learn(fault, self._body(item_id, k, self._dialect(sent.refused))):
            return None
        section = "[models] or endpoint.base_url"
        raise failure(fault, self.run.info.model, section, self.dialect.served)

    def _refusal(self, sent: Sent, ended: Batch) -> RftError | None:
        """Why the vendor refused a batch before it began; None when something was learned."""
        item_id, k = self.run.missing()[0]
        body = self._body(item_id, k, self._dialect(sent.refused))
        errors = (ended.errors.data if ended.errors else None) or []
        learned = [
            self.dialect.learn(fault_of_reply(400, {"error": e.to_dict()}, self.client), body)
            for e in errors
        ]
        if any(learned):
            return None
        first = errors[0] if errors else None
        words = quoted((first and first.message) or "no reason given", *secrets_of(self.client))
        line = f", line {first.line}" if first and first.line else ""
        if first and "limit" in f"{first.code} {first.message}".lower():
            return OutsideError(
                f"batch {sent.id} was not taken ({words}); run the same command again later."
            )
        return UserError(
            f"batch {sent.id} was refused ({words}{line}); correct that, then run the same command "
            "again."
        )

    def _body(self, item_id: str, k: int, dialect: Dialect) -> dict[str, Any]:
        seed = seed_for(self.settings.sampling.seed + self.run.info.redrawn, item_id, k)
        messages = self._prompts[item_id]["messages"]
        model = self.run.info.model
        return dialect.body(request(self.settings, model, messages, self._format, seed))

    def _dialect(self, refused: list[str]) -> Dialect:
        return Dialect(self.settings.sampling, self.settings.endpoint.profile, refused)

    def _key(self, reply: Reply) -> tuple[str, int]:
        try:
            rank, k = map(int, reply.custom_id.split("-"))
            return self.run.info.item_ids[rank], k
        except (ValueError, IndexError):
            raise OutsideError(
                f"the output of a batch holds the custom_id {quoted(reply.custom_id)!r}, which rft "
                "did not send; that line was not stored."
            ) from None
