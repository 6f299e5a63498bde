"""The plots of the page, drawn by matplotlib. Each takes figures of `view` and gives an element.

Only the report imports this module: matplotlib takes a second to load.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rft.display import reveal_control_chars
from rft.report.svg import INK, SERIES, SOFT, markup
from rft.stats import Estimate

WIDTH, HEIGHT = 400, 250
"""Points; the width of a small phone, so that no text there is drawn smaller than written."""
MARKERS = "osD^"
ROW = 26
NAME_LENGTH = 21
"""Characters that fit on the left of a `forest`."""


def _axes(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    axes = figure.add_axes((0.13, 0.18, 0.84, 0.77))
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(axis="y", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def distribution(series: Sequence[tuple[str, Sequence[tuple[float, float, int]]]]) -> Markup:
    """Histograms of rewards side by side, each from a name and (low, high, count) of each bin."""
    alone = len(series) == 1
    figure, axes = _axes("reward of an answer", "answers" if alone else "share of answers")
    tips: dict[str, list[str]] = {}
    label = []
    for number, (name, bins) in enumerate(series):
        full = [bin_ for bin_ in bins if bin_[2]]
        total = sum(n for _, _, n in full)
        part = 0.92 / len(series)
        gid = f"bars{number}"
        axes.bar(
            [low + number * part * (high - low) for low, high, _ in full],
            [n if alone else n / total for _, _, n in full],
            width=[part * (high - low) for low, high, _ in full],
            align="edge",
            color=_look(number)[0],
            gid=gid,
        )
        tips[gid] = [f"{n:,} answers from {low:.2f} to {high:.2f}" for low, high, n in full]
        of = "" if alone else f" of {name}"
        label.append(f"Histogram of {total:,} rewards{of}. " + "; ".join(tips[gid]))
    axes.set_xlim(-0.01, 1.01)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=alone))
    return markup(figure, ". ".join(label), tips)


def mean_and_spread(
    bubbles: Sequence[tuple[float, float, int]], arch: Sequence[tuple[float, float]]
) -> Markup:
    """Items by (mean, spread, how many), under the widest spread possible at each mean."""
    figure, axes = _axes("mean reward of a row", "spread within the row")
    axes.plot(*zip(*arch, strict=True), color=SOFT, linestyle=(0, (3, 3)), linewidth=1)
    x, y, n = zip(*bubbles, strict=True)
    axes.scatter(
        x,
        y,
        s=[min(25 + 12 * (count - 1), 500) for count in n],
        color=SERIES[0],
        alpha=0.55,
        linewidth=0,
        clip_on=False,
        gid="dots",
    )
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, 1.08 * max(*(spread for _, spread in arch), 0.5))
    tips = [f"{c:,} rows at mean {a:.2f}, spread {b:.2f}" for a, b, c in bubbles]
    flat = sum(count for _, spread, count in bubbles if spread == 0)
    label = f"{sum(n):,} rows by mean reward and spread; {flat:,} have no spread."
    return markup(figure, label, {"dots": tips})


def reward_by_length(
    points: Sequence[tuple[int, float]], bands: Sequence[tuple[float, Estimate]]
) -> Markup:
    """Answers by (length, reward), and the mean reward with interval of each band of lengths."""
    figure, axes = _axes("length of an answer, characters", "reward")
    axes.plot(
        *zip(*points, strict=True),
        "o",
        color=SERIES[0],
        alpha=0.25,
        markersize=4,
        markeredgewidth=0,
    )
    _points(axes, bands, 1)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    bands_text = "; ".join(f"around {x:,.0f}: {mean}" for x, mean in bands)
    return markup(figure, f"Mean reward by length in characters. {bands_text}")


def pass_at_k(curves: Sequence[tuple[str, Sequence[tuple[int, Estimate]]]]) -> Markup:
    """For each run its label and (k, pass@k) with intervals."""
    figure, axes = _axes("tries, k", "rows solved in k tries")
    for number, (_, curve) in enumerate(curves):
        ks = [k for k, _ in curve]
        colour, marker = _look(number)
        low, high = [e.low for _, e in curve], [e.high for _, e in curve]
        if len(ks) > 1:
            axes.fill_between(ks, low, high, color=colour, alpha=0.15, linewidth=0)
        else:
            axes.plot([*ks, *ks], [*low, *high], color=colour, alpha=0.45, linewidth=4)
        axes.errorbar(
            ks,
            [e.value for _, e in curve],
            color=colour,
            marker=marker,
            markersize=5,
            clip_on=False,
        )
    axes.set_ylim(-0.02, 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label = ". ".join(
        f"{run}: " + ", ".join(f"pass@{k} {e}" for k, e in curve) for run, curve in curves
    )
    return markup(figure, label)


def forest(rows: Sequence[tuple[str, str, Sequence[Estimate | None]]]) -> Markup:
    """A line for each (name, note, one mean reward a run), with its first figure written out.

    A long name is shortened, a note is not.
    """
    present = [[(n, e) for n, e in enumerate(means) if e is not None] for *_, means in rows]
    most = max(map(len, present))
    height = ROW * len(rows) * (1 + 0.3 * (most - 1)) + 26
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0.35, 20 / height, 0.35, 1 - 24 / height))
    for row, estimates in enumerate(present):
        for place, (number, estimate) in enumerate(estimates):
            _bar(axes, estimate, row + 0.7 * (place - (len(estimates) - 1) / 2) / most, number)
        axes.annotate(
            f"{estimates[0][1].value:.2f} [{estimates[0][1].low:.2f}, {estimates[0][1].high:.2f}]",
            (1, row),
            xytext=(8, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
        )
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [_label(name, note) for name, note, _ in rows], color=INK)
    axes.tick_params(axis="y", length=0, pad=8)
    axes.spines[["left"]].set_visible(False)
    axes.grid(axis="x", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    label = "; ".join(
        f"{name}: " + ", ".join(str(e) for _, e in shown)
        for (name, *_), shown in zip(rows, present, strict=True)
    )
    return markup(figure, label)


def _bar(axes: Axes, estimate: Estimate, at: float, number: int) -> None:
    colour, marker = _look(number)
    axes.plot(
        [estimate.low, estimate.high],
        [at, at],
        color=colour,
        alpha=0.45,
        linewidth=4,
        clip_on=False,
    )
    axes.plot([estimate.value], [at], marker, color=colour, markersize=6, clip_on=False)


def _points(axes: Axes, bands: Sequence[tuple[float, Estimate]], number: int) -> None:
    colour, marker = _look(number)
    for x, mean in bands:
        axes.plot([x, x], [mean.low, mean.high], color=colour, linewidth=2)
    axes.plot(
        [x for x, _ in bands], [mean.value for _, mean in bands], marker, linestyle="-",
        color=colour, markersize=6, linewidth=1,
    )  # fmt: skip


def _look(number: int) -> tuple[str, str]:
    number = min(number, len(SERIES) - 1)
    return SERIES[number], MARKERS[number]


def _label(name: str, note: str) -> str:
    name, room = reveal_control_chars(name), NAME_LENGTH - len(note)
    return (name if len(name) <= room else f"{name[: room - 1]}…") + note
