"""Ask a model for what score_model and label_model graders want to know.

As hosted: the judge answers in a schema of ours, {result, steps}; a number is clipped to the range;
a refusal scores 0 and is flagged. An endpoint that fails after all retries, or sends what is no
completion, scores nothing. A wrong key or model stops everything, as when answers are sampled.

Not as hosted, on purpose: a judgement that cannot be read is asked for once more, and then scores
nothing, flagged model_grader_parse_error. The platform scores it 0; but it is the judge's mistake,
and a model must not pay, or be trained, for that.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rft import config
from rft.completions import AnswerFailedError
from rft.config import Settings
from rft.dialect import Dialect
from rft.endpoint import async_client
from rft.graders.spec import ModelGrader, ScoreModel
from rft.graders.template import render
from rft.local.server import server_for
from rft.records import Sample, parse_answer
from rft.rollouts import sample_answer

if TYPE_CHECKING:
    from openai import AsyncOpenAI


TIMES_ASKED = 2
"""A judgement that cannot be read is asked for so often in all."""
STEPS_KEPT, STEP_CHARS = 64, 500
"""At most so much of a judge's reasons goes into the records."""
LOCAL_SLOTS = 4

Steps = list[dict[str, str]]


@dataclass(frozen=True)
class Verdict:
    """What a judge said: a score, or None when there is none. `flag`: what went wrong."""

    score: float | None
    flag: str = ""
    detail: str = ""
    model: str = ""
    tokens: dict[str, int] = field(default_factory=dict)
    steps: Steps = field(default_factory=list)
    """The reasons: {"description", "conclusion"} each."""
    refused: bool = False
    """The endpoint refuses this request itself, however often it is sent."""
    rereads: int = 0
    """Replies before this one that could not be read."""


class Judge:
    """The endpoint of rft.toml's [judge]. Thread-safe; at most `limit` requests are in flight.

    `clients`: of servers that answer alike; the same messages go to the same one. `model`: asked
    in place of the one that the grader's JSON names. `max_tokens`: bounds a judgement where the
    grader's JSON does not. `serving`: what lives as long as the judge does.
    Requests live in an event loop of their own, so that `close` can end those under way, waits
    between retries included.
    """

    def __init__(
        self,
        clients: Sequence[AsyncOpenAI],
        dialect: Dialect,
        model: str | None,
        limit: int,
        max_tokens: int | None = None,
        serving: ExitStack | None = None,
    ) -> None:
        self._clients = clients
        self._dialect = dialect
        self._model = model
        self._max_tokens = max_tokens
        self._serving = serving or ExitStack()
        self.limit = limit
        self._in_flight = asyncio.Semaphore(limit)
        self._lock = threading.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, settings: Settings) -> Judge | None:
        """The configured judge, or None. Retries, time-out and limit are those of [sampling].

        A local one is started here and ends with `close`.
        """
        if (judge := settings.judge) is None:
            return None
        sampling, dialect = settings.sampling, Dialect(judge, judge.profile)

        def connect(url: str, key: str) -> AsyncOpenAI:
            return async_client(
                url, key, max_retries=sampling.max_retries, timeout_s=sampling.timeout_s
            )

        if judge.profile != "local":
            connection = connect(config.base_url(judge), config.api_key(judge))
            return cls([connection], dialect, judge.model, sampling.concurrency)
        from rft.local.model import gguf_path
        from rft.local.server import plan_servers, serve_plan

        model = judge.model or config.EMBEDDED_MODEL
        gguf, slots = gguf_path(model, settings.root), min(sampling.concurrency, LOCAL_SLOTS)
        threads = settings.endpoint.threads
        plan = plan_servers(gguf.stat().st_size, items=slots, most=slots, threads=threads)
        serving = ExitStack()
        urls = serving.enter_context(
            serve_plan(gguf, model, plan, context_tokens=judge.context_tokens)
        )
        connections = [connect(url, "no-key") for url in urls]
        longest = judge.context_tokens // 16
        return cls(connections, dialect, model, plan.parallel, longest, serving)

    def close(self) -> None:
        """End what is under way, which then scores nothing, and give the connections back."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._serving.close()

    async def _end(self) -> None:
        asked = asyncio.all_tasks() - {asyncio.current_task()}
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        for client in self._clients:
            await client.close()

    def verdict(self, leaf: ModelGrader, namespaces: Mapping[str, Any]) -> Verdict:
        """One judgement.

        Raises MissingVariableError when a message's template names what is not there, UserError or
        OutsideError when every further request would fail as well.
        """
        body = self._body(leaf, namespaces)
        tokens: Counter[str] = Counter()
        verdict = Verdict(None)
        for n in range(TIMES_ASKED):
            if n and "seed" in body:  # the same seed would bring the same words
                body = body | {"seed": body["seed"] + 1}
            try:
                sample = self._wait(body, _shape(leaf))
            except AnswerFailedError as error:
                return Verdict(
                    None,
                    "model_grader_server_error",
                    str(error),
                    body["model"],
                    dict(tokens),
                    refused=error.refused,
                    rereads=n,
                )
            except concurrent.futures.CancelledError:
                return Verdict(None, "model_grader_server_error", "the grader was closed")
            tokens.update(sample.usage)
            score, flag, detail = _read(leaf, sample)
            model = sample.model or body["model"]
            verdict = Verdict(score, flag, detail, model, dict(tokens), _steps(sample), rereads=n)
            if flag != "model_grader_parse_error":
                break
        return verdict

    def notes(self) -> list[str]:
        """What was learned of the endpoint's request fields, a sentence each."""
        return self._dialect.notes()

    def _wait(self, body: dict[str, Any], shape: str) -> Sample:
        with self._lock:
            if self._closed:
                raise RuntimeError("this judge is closed")
            waiting = asyncio.run_coroutine_threadsafe(self._answer(body, shape), self._loop)
        return waiting.result()

    async def _answer(self, body: dict[str, Any], shape: str) -> Sample:
        async with self._in_flight:
            client = self._clients[server_for(body["messages"], len(self._clients))]
            return await sample_answer(client, body, self._dialect, shape=shape, section="[judge]")

    def _body(self, leaf: ModelGrader, namespaces: Mapping[str, Any]) -> dict[str, Any]:
        messages = [{"role": m.role, "content": render(m.content, namespaces)} for m in leaf.input]
        given = leaf.sampling_params.model_dump(exclude_none=True) if leaf.sampling_params else {}
        if "max_completions_tokens" in given:  # the endpoint's own name has no plural
            given["max_completion_tokens"] = given.pop("max_completions_tokens")
        if self._max_tokens:
            given = {"max_completion_tokens": self._max_tokens, **given}
        return {
            "model": self._model or leaf.model,
            "messages": messages,
            "response_format": _response_format(leaf),
            **given,
        }


def _shape(leaf: ModelGrader) -> str:
    """What the judge is to write, for an endpoint that cannot be given a schema."""
    result = "a number" if isinstance(leaf, ScoreModel) else " or ".join(map(repr, leaf.labels))
    return (
        'Answer with one JSON object and nothing else: {"steps": [{"description": "...", '
        f'"conclusion": "..."}}, ...], "result": {result}}}.'
    )


def _response_format(leaf: ModelGrader) -> dict[str, Any]:
    result: dict[str, Any] = {"type": "number"}
    if not isinstance(leaf, ScoreModel):
        result = {"type": "string", "enum": leaf.labels}
    step = _object({"description": {"type": "string"}, "conclusion": {"type": "string"}})
    schema = _object({"result": result, "steps": {"type": "array", "items": step}})
    return {
        "type": "json_schema",
        "json_schema": {"name": "judgement", "strict": True, "schema": schema},
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _read(leaf: ModelGrader, sample: Sample) -> tuple[float | None, str, str]:
    """(score, flag, detail) of a judge's answer; no score if it cannot be read."""
    if sample.refusal or sample.finish_reason == "content_filter":
        return 0.0, "model_grader_refusal_error", (sample.refusal or "content filter")[:300]
    answer = parse_answer(sample.output_text)
    result = answer.get("result") if isinstance(answer, dict) else None
    if isinstance(leaf, ScoreModel):
        if isinstance(result, int | float) and not isinstance(result, bool) and result != math.inf:
            low, high = leaf.bounds
            return float(min(max(result, low), high)), "", ""
    elif result in leaf.labels:
        return float(result in leaf.passing_labels), "", ""
    wanted = "number" if isinstance(leaf, ScoreModel) else "label"
    said = " ".join(sample.output_text.split())[:200]
    return None, "model_grader_parse_error", f"the judge's result is not a {wanted}: {said!r}"


def _steps(sample: Sample) -> Steps:
    """The reasons in a judge's answer, as far as they have the shape that was asked for."""
    answer = parse_answer(sample.output_text)
    steps = answer.get("steps") if isinstance(answer, dict) else None
    names = ("description", "conclusion")
    return [
        {name: step[name][:STEP_CHARS] for name in names}
        for step in (steps[:STEPS_KEPT] if isinstance(steps, list) else [])
        if isinstance(step, dict) and all(isinstance(step.get(name), str) for name in names)
    ]
