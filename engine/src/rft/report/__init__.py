"""One self-contained HTML file that says what a run found and lets people read every answer.

Everything a model or a data set wrote is text on the page: Jinja escapes it, characters that
would hide or reorder text are spelled out, and the page's Content-Security-Policy runs nothing but
this package's own script.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from rft import display, glossary
from rft.comparison import Comparison
from rft.files import write_text
from rft.readiness import Readiness
from rft.report import figures, view
from rft.runs import Run
from rft.standings import Standing, rivals

__all__ = ["Task", "render", "write"]

MAX_BYTES = 2_900_000
"""A page of this size opens at once and can be mailed."""
SAMPLES = 1_000
"""So many answers are shown before rows are left out; texts are cut first."""
TEXT_LIMITS = (8_000, 4_000, 2_000, 1_000)
"""Characters shown of one text; the first that lets the page fit is taken."""


@dataclass(frozen=True)
class Task:
    """What the page says of the task, above everything else."""

    name: str
    reward: str = ""
    """What a reward means, in a sentence; "" leaves it out."""


def render(
    run: Run,
    readiness: Readiness,
    items: Mapping[str, dict[str, Any]],
    *,
    task: Task,
    display_answer: view.Display | None = None,
    solved: float = 1.0,
    comparison: Comparison | None = None,
    standings: Sequence[Standing] = (),
    max_items: int = 1000,
) -> str:
    """The page as HTML, under 3 MB.

    `items` maps an item's id to its row (messages, reference_answer and, for reports, slices). An
    answer is right from the reward `solved` on. `display_answer` writes answers as an expert
    reads them. `comparison` puts this run, its first, beside others, and `standings` beside what
    needs no model and beside people.
    Figures and plots are of all records; of the table, long texts are cut first, then rows are
    left out evenly over the range of mean reward, and the page says either.
    """
    records = run.records()
    rows = view.rows(run.info.item_ids, records, items, display_answer)
    compared = comparison.runs if comparison else []
    drawn = [] if comparison else rivals(standings)
    all_rows = [view.rows(one.run.info.item_ids, one.records, items) for one in compared]
    all_rows = all_rows or [rows, *(view.rows_of(one.rewards, items) for one in drawn)]
    css, js = _asset("style.css"), _asset("report.js")
    rewards = [r.reward for r in records if r.reward is not None]
    words, explained = glossary.words(), dict[str, str]()

    def explain(word: str) -> str:
        """What a word of the page means; the page then ends with all words that it explains."""
        explained[word] = words[word]
        return words[word]

    fixed = {
        "explain": explain,
        "explained": explained,
        "task": task,
        "about": _about(rows),
        "css": Markup(css),
        "js": Markup(js),
        "csp": f"default-src 'none'; style-src '{_sha(css)}'; script-src '{_sha(js)}'; "
        "base-uri 'none'; form-action 'none'",
        "info": run.info,
        "run_name": run.folder.name,
        "ready": readiness,
        "total": len(rows),
        "tokens": view.tokens(records),
        "rewards": rewards,
        "comparison": comparison,
        "notes": comparison.notes if comparison else [],
        "runs": figures.of_runs(comparison) if comparison else "",
        "standings": standings,
        "rewarded": sum(bool(row.rewards) for row in rows),
        "standing": figures.of_standings(standings) if len(standings) > 1 else "",
        "series": [run.label for run in compared] or ["model", *(one.name for one in drawn)],
        "rivals": drawn,
        "beside": view.beside(compared),
        "figures": figures.of_run(rows, records, compared, drawn, solved),
        "slices": [
            (key, slice_means, left_out, figures.of_slices(slice_means))
            for key, (slice_means, left_out) in view.slices(all_rows).items()
        ],
    }
    template = environment(_asset).get_template("page.html.j2")

    def draw(shown: Sequence[view.Row], limit: int) -> str:
        return template.render(fixed, rows=shown, limit=limit, common=_common(shown))

    return _fit(draw, view.pick(rows, max_items))


def write(html: str, path: Path) -> None:
    """Put the page at `path`, whole or not at all. Raises OutsideError when the disk refuses."""
    write_text(path, html)


def _fit(draw: Callable[[Sequence[view.Row], int], str], rows: Sequence[view.Row]) -> str:
    """The fullest page that is small enough: cut texts first, then leave rows out."""
    answers = sum(len(row.records) for row in rows)
    tries = [(rows, limit) for limit in TEXT_LIMITS] if answers < 3 * SAMPLES else []
    if answers > SAMPLES:
        rows = view.pick(rows, len(rows) * SAMPLES // answers)
        tries += [(rows, limit) for limit in TEXT_LIMITS]
    hopeful = [(shown, limit) for shown, limit in tries if _least(shown, limit) <= MAX_BYTES]
    for shown, limit in [*hopeful, (rows, 500), (rows, 250)]:
        html = draw(shown, limit)
        if len(html.encode()) <= MAX_BYTES:
            return html
    while len(rows) > 1:
        rows = view.pick(rows, int(0.9 * len(rows) * MAX_BYTES / len(html.encode())))
        html = draw(rows, 250)
        if len(html.encode()) <= MAX_BYTES:
            return html
    return draw(rows, 50)


def _least(rows: Sequence[view.Row], limit: int) -> int:
    """Bytes that the answers alone will take at least, which spares drawing pages in vain."""
    return sum(
        min(len(record.sample.output_text), limit)
        for row in rows
        for record in row.records
        if record.sample
    )


def _common(rows: Sequence[view.Row]) -> list[tuple[str, str]]:
    """Messages that every one of several rows shares: shown once, above the table."""
    counts = Counter(message for row in rows for message in dict.fromkeys(row.messages))
    return [message for message, n in counts.items() if n == len(rows) > 1]


def _about(rows: Sequence[view.Row]) -> str:
    """The task in two sentences: the beginning of the prompt that all rows share."""
    shared = _common(rows) or [message for row in rows[:1] for message in row.messages[:1]]
    return display.shortened(display.first_sentences(shared[0][1] if shared else ""), 400)


def environment(load: Callable[[str], str]) -> Environment:
    """How templates become pages: all values are text, and formatters are filters.

    `load`: the text of a template by its name.
    """
    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        finalize=display.on_page,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        content=display.content,
        millions=display.millions,
        money=display.money,
        number=display.number,
        p_value=display.p_value,
        pretty=display.pretty,
        share=display.share,
        signed=display.signed,
    )
    return environment


def _asset(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _sha(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
