"""A job's metrics for a terminal: curves in one line each, and a table of the latest steps."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from rft.jobs.metrics import Point

BLOCKS = "▁▂▃▄▅▆▇█"
COLUMNS: dict[str, tuple[str, str]] = {
    "train_reward": ("train reward", ".3f"),
    "valid_reward": ("valid reward", ".3f"),
    "no_variance": ("same reward", ".0%"),
    "entropy": ("entropy", ".3f"),
    "kl": ("KL", ".3f"),
    "length": ("tokens", ".0f"),
    "loss": ("loss", ".3f"),
    "valid_loss": ("valid loss", ".3f"),
    "errors": ("errors", ".0%"),
}
"""Figure of a Point -> its title and format."""


def reported_columns(points: Sequence[Point]) -> list[str]:
    """The figures that this vendor reports at all."""
    return [n for n in COLUMNS if any(getattr(p, n) is not None for p in points)]


def cell(point: Point, name: str) -> str:
    """One figure as text; "" where the step has none."""
    value = getattr(point, name)
    return "" if value is None else format(value, COLUMNS[name][1])


def line(point: Point) -> str:
    """One step in one line, for logs."""
    of = f" of {point.total}" if point.total else ""
    figures = [f"{COLUMNS[n][0]} {cell(point, n)}" for n in reported_columns([point])]
    return f"step {point.step}{of}: {', '.join(figures)}"


def curve(values: Sequence[float | None], width: int, low: float, high: float) -> str:
    """Block characters of a series between `low` and `high`, thinned to `width` columns.

    A column is the mean of its steps; one without any figure is a space.
    """
    columns = min(width, len(values))
    text = ""
    for n in range(columns):
        part = values[n * len(values) // columns : (n + 1) * len(values) // columns]
        known = [value for value in part if value is not None]
        share = (fmean(known) - low) / (high - low) if known and high > low else 0.5
        level = min(len(BLOCKS) - 1, max(0, int(share * len(BLOCKS))))
        text += BLOCKS[level] if known else " "
    return text


def curves(points: Sequence[Point], width: int = 80) -> list[str]:
    """One line for each figure: title, first value, curve, last value. Rewards share a scale."""
    lines = []
    rewards = [v for p in points for v in (p.train_reward, p.valid_reward) if v is not None]
    for name in reported_columns(points):
        values: list[float | None] = [getattr(p, name) for p in points]
        known = [v for v in values if v is not None]
        scale = rewards if name.endswith("reward") else known
        title, spec = COLUMNS[name]
        drawn = curve(values, width - 32, min(scale), max(scale))
        lines.append(f"{title:>12} {known[0]:>7{spec}} {drawn} {known[-1]:{spec}}")
    return lines
