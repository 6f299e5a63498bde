"""One self-contained HTML file that says what a run found and lets people read every answer.

Everything a model or a data set wrote is text on the page: Jinja escapes it, `seen` spells out
characters that would hide or reorder text, and the page's Content-Security-Policy runs nothing but
this package's own script.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from rft import display
from rft.comparison import Comparison, signed
from rft.files import write_text
from rft.readiness import Readiness
from rft.report import figures, view
from rft.runs import Run

__all__ = ["render", "write"]

MAX_BYTES = 2_900_000
"""A page of this size opens at once and can be mailed."""
SAMPLES = 1_000
"""So many answers are shown before rows are left out; texts are cut first."""
TEXT_LIMITS = (8_000, 4_000, 2_000, 1_000)
"""Characters shown of one text; the first that lets the page fit is taken."""


def render(
    run: Run,
    readiness: Readiness,
    items: Mapping[str, dict[str, Any]],
    *,
    project_name: str,
    solved: float = 1.0,
    comparison: Comparison | None = None,
    notes: Sequence[str] = (),
    max_items: int = 1000,
) -> str:
    """The page as HTML, under 3 MB.

    `items` maps an item's id to its row (messages, reference_answer and, for reports, slices). An
    answer is right from the reward `solved` on. `comparison` puts this run, its first, beside
    others, and `notes` say what a reader must know of that.
    Figures and plots are of all records; of the table, long texts are cut first, then rows are
    left out evenly over the range of mean reward, and the page says either.
    """
    records = run.records()
    rows = view.rows(run.info.item_ids, records, items)
    sides = comparison.sides if comparison else []
    all_rows = [view.rows(side.run.info.item_ids, side.records, items) for side in sides] or [rows]
    css, js = _asset("style.css"), _asset("report.js")
    rewards = [r.reward for r in records if r.reward is not None]
    fixed = {
        "project_name": project_name,
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
        "notes": notes,
        "runs": figures.of_runs(comparison) if comparison else "",
        "beside": view.beside(sides),
        "figures": figures.of_run(rows, records, sides, solved),
        "slices": [
            (key, found, left_out, figures.of_slices(found))
            for key, (found, left_out) in view.slices(all_rows).items()
        ],
    }
    template = _environment().get_template("page.html.j2")

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
    """Messages that every one of several rows shares: told once, above the table."""
    found = Counter(message for row in rows for message in dict.fromkeys(row.messages))
    return [message for message, n in found.items() if n == len(rows) > 1]


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        finalize=display.on_page,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=display.number, pretty=display.pretty, content=display.content, signed=signed
    )
    return environment


def _asset(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _sha(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
