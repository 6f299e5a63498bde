"""Pages of runs that a test makes up, and a reader of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rft import report, runs
from rft.comparison import ComparedRun, Comparison, compare_runs
from rft.readiness import assess
from rft.records import Grade, Record, Sample
from rft.thresholds import Ready

EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
VOID = {"meta", "input", "link", "br", "img", "hr"}


class Page(HTMLParser):
    """Reads a page: tags that do not balance, attributes by tag, and text by enclosing tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.stack]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_data(self, data: str) -> None:
        self.text.append((self.stack[-1] if self.stack else "", data))

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag]

    def read(self, tag: str | None = None) -> str:
        return "".join(t for at, t in self.text if at == tag or (tag is None and at != "script"))


Render = Callable[..., str]


def answer(item_id: str = "a", k: int = 0, reward: float | None = 0.5, **sample: Any) -> Record:
    sample.setdefault("output_text", '{"x": 1}')
    return Record(item_id=item_id, k=k, sample=Sample(**sample), grade=Grade(reward=reward))


def row(item_id: str = "a", **fields: Any) -> dict[str, Any]:
    prompt = [{"role": "developer", "content": "Bind."}, {"role": "user", "content": item_id}]
    return {"id": item_id, "messages": prompt, "reference_answer": {"x": 1}, **fields}


def page(
    folder: Path, records: Iterable[Record], items: Iterable[dict[str, Any]], **given: Any
) -> str:
    """Make a run of these records in `folder` and render its page."""
    found, rows = list(records), {str(item["id"]): item for item in items}
    run = made_run(folder, found, rows, **given)
    given = {k: v for k, v in given.items() if k not in ("coders", "ids", "model", "samples")}
    ready = assess(found, Ready(), {"empty": 0.1})
    return report.render(run, ready, rows, **{"task": report.Task("Toy"), **given})


def made_run(
    folder: Path, records: list[Record], rows: Iterable[str] = (), **given: Any
) -> runs.Run:
    ids = given.get("ids") or list(dict.fromkeys([*rows, *(r.item_id for r in records)]))
    info = runs.RunInfo(
        split="validation",
        model=given.get("model", "org/model:1"),
        profile="local",
        base_url="http://127.0.0.1:8080/v1",
        item_ids=ids,
        samples_per_item=given.get("samples", 1),
        sampling={"temperature": 1.0, "response_format": {"type": "json_schema"}},
        hashes={"data": "d" * 64},
        versions={"rft": "0.1.0"},
        created="2026-11-23T16:00:00+00:00",
        coders=given.get("coders", []),
    )
    folder.mkdir(exist_ok=True, parents=True)
    lines = "".join(r.model_dump_json(exclude_defaults=True) + "\n" for r in records)
    (folder / runs.RECORDS).write_text(lines, encoding="utf-8")
    return runs.Run(folder, info)


def beside(folder: Path, *found: list[Record], name: str = "x") -> Comparison:
    """Runs of these records compared."""
    made = [made_run(folder / str(n), records) for n, records in enumerate(found)]
    compared = [ComparedRun("ABC"[n], name, run, run.records()) for n, run in enumerate(made)]
    return compare_runs(compared, {})
