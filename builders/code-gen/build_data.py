"""Build all generated files of the use case: rows, probes, starter rows and the VIP catalogue.

Seeded: every machine writes the same bytes. For a row: draw a design with one to three buses
(designs.py), pick the bus to bind and a VIP (vips.py), and derive the reference answer from how the
design was made. A row is written only if it passes schema.check_item and a real elaboration.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import designs
import probes
import protocols
import starter
import vips
from designs import Bus, Net

from task import schema
from task.tools import elaborate

SEED = 35
ROWS = {"train": 132, "validation": 44, "test": 132}

_CYCLE = """
    apb axis axi4lite ahb wishbone avalon_mm axis avalon_st obi axi4 apb
    axi4lite tilelink axis apb wishbone obi avalon_mm axi4lite ahb avalon_st axi4
"""
MENU = [protocols.PROTOCOLS[key] for key in _CYCLE.split()]
"""The protocol of row n, repeated; the sizes of all three splits are multiples of 22."""

EASY = 0.3
"""Share of rows with one bus, default widths and a basic VIP: what is learned first."""

KINDS = ("role", "role", "prefix", "only", "side", "lanes")
"""How a request names its bus, as often as listed."""

NOTHING_EVERY = 11
"""One row in this many asks for a bus that the design does not have."""


@dataclass
class Draft:
    """A design under construction."""

    name: str
    buses: list[Bus]
    nets: list[Net] = field(default_factory=list)
    params: list[dict[str, str]] = field(default_factory=list)
    clocks: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Bus prefix -> its clock and its reset (None: no reset)."""


def build(task: Path) -> None:
    """Write every generated file of the use case into the folder `task`."""
    splits = {split: draw_rows(split) for split in ROWS}
    for split, rows in splits.items():
        dump(task / f"data/{split}.jsonl", rows)
    dump(task / "probes.jsonl", probes.make_probes(splits["test"]))
    starter_splits = starter.draw_rows()
    for split, rows in starter_splits.items():
        dump(task / f"starter/{split}.jsonl", rows)
    dump(task / "starter/probes.jsonl", starter.make_probes(starter_splits["test"]))
    dump(task / "tools/vips.jsonl", vips.catalogue())


def dump(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write one JSON object per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def draw_rows(split: str) -> list[dict[str, Any]]:
    """All rows of a split, checked."""
    rng = random.Random(f"{SEED} {split}")
    stems = designs.SPLIT_STEMS[split]
    names = [f"{stem}_{tail}" for stem in stems for tail in rng.sample(designs.TAILS, 4)]
    rng.shuffle(names)
    names += [f"{stem}_{tail}" for stem in designs.MORE_STEMS[split] for tail in designs.TAILS[:4]]
    rows: list[dict[str, Any]] = []
    while len(rows) < ROWS[split]:
        number = len(rows)
        row = make_row(rng, split, number, names[number])
        if not problems(row):
            rows.append(row)
    return rows


def problems(row: dict[str, Any]) -> list[str]:
    """Reasons why a drawn row is not good enough to ship."""
    item = schema.Item.model_validate(row)
    pairs = [(pair["name"], pair["value"]) for pair in row["reference_answer"]]
    names = [port["name"].lower() for port in row["dut"]["ports"]]
    clash = ["Two ports have one name."] if len(set(names)) < len(names) else []
    return clash + schema.check_item(item) + elaborate.diagnose(pairs, row)


def make_row(rng: random.Random, split: str, number: int, name: str) -> dict[str, Any]:
    """One row: a design, a bus of it, a VIP, and the binding that follows from the three."""
    protocol = MENU[number % len(MENU)]
    styles = [s for s in designs.STYLES if s != designs.HELD_OUT_STYLE or split == "test"]
    style = styles[(number + number // len(MENU)) % len(styles)]
    easy = rng.random() < EASY
    draft, target = make_design(rng, name, protocol, style, easy)
    bus = draft.buses[0]
    active: vips.Role = "manager" if bus.side == "s" else "subordinate"
    role = rng.choice(("monitor", active))
    knobs = tuple(rng.sample(sorted(vips.KNOBS), 2 if easy else rng.randrange(3, 6)))
    voice = "lower" if easy else rng.choice(vips.VOICES)
    basic = easy or rng.random() < 0.2
    spec = vips.vip(protocol, role, voice, knobs, basic)
    settings, chosen = ([], {}) if easy else make_settings(rng, knobs)
    gold = make_gold(draft, spec, basic, chosen)
    if number % NOTHING_EVERY == number // NOTHING_EVERY % NOTHING_EVERY:
        protocol, target = missing_bus(rng, draft)
        spec, gold, settings = vips.vip(protocol, "monitor", voice, knobs, basic), [], []
    bound = {pair["name"] for pair in gold}
    everything = [x["name"] for x in [*spec["ports"], *spec["params"]]]
    row: dict[str, Any] = {
        "id": f"{split}-{number:03d}",
        "design": name.partition("_")[0],
        "protocol": protocol.title,
        "style": bus.style,
        "target": target,
        "settings": settings,
        "dut": {
            "name": name,
            "ports": [vars(net) for net in draft.nets],
            "params": draft.params,
        },
        "vip": spec,
        "messages": [],
        "reference_answer": gold,
        "critical": vips.critical(protocol, spec),
        "must_not_bind": [n for n in everything if n not in bound],
    }
    row["messages"] = schema.messages(schema.Item.model_validate(row))
    return row


def make_design(
    rng: random.Random, name: str, protocol: protocols.Protocol, style: str, easy: bool
) -> tuple[Draft, str]:
    """A design whose first bus is the one to bind, and the phrase that says so."""
    kind = rng.choice(("role", "prefix", "only") if easy else KINDS)
    words = designs.STREAM_WORDS if protocol.stream else designs.ROLE_WORDS
    side = rng.choice("sm") if protocol.stream or kind == "side" else rng.choice("sssm")
    prefix, other_prefix = rng.sample(designs.NEUTRAL if kind == "side" else sorted(words), 2)
    if kind in ("prefix", "lanes"):
        prefix = f"{rng.choice(designs.SIDED[side])}_{designs.TAGS[protocol.key]}"
    if kind == "lanes" and style == "suffix":
        style = "prefix"
    bus = Bus(protocol, side, prefix, style, designs.sizes(rng, protocol, easy=easy))
    if kind == "lanes":
        bus.lanes = rng.choice((2, 3, 4))
        bus.lane = rng.randrange(bus.lanes)
    joined = not easy and kind in ("role", "prefix") and rng.random() < 0.25
    decoys = 0 if easy else rng.choice((0, 1, 2))
    thin = easy or rng.random() < 0.3
    designs.build_bus(rng, bus, thin=thin, joined=joined, decoys=decoys)
    draft = Draft(name, [bus])
    if kind == "side":
        other = Bus(protocol, "m" if side == "s" else "s", other_prefix, style, bus.sizes)
        designs.build_bus(rng, other, thin=protocol.key == "axi4")
        draft.buses.append(other)
    elif not easy:
        draft.buses += second_buses(rng, bus, kind)
    add_clocks(rng, draft, easy)
    blocks = [b.nets for b in draft.buses] + [designs.misc(rng)]
    rng.shuffle(blocks)
    nets = [net for block in blocks for net in block]
    if rng.random() < 0.2:  # some teams list inputs first
        nets.sort(key=lambda net: net.dir)
    draft.nets += nets
    draft.params = design_params(rng, bus)
    return draft, designs.phrase(kind, bus, words)


def second_buses(rng: random.Random, bus: Bus, kind: str) -> list[Bus]:
    """Up to two more buses; a reader cannot mistake any of them for the requested one."""
    others: list[Bus] = []
    big = bus.protocol.key == "axi4"
    for _ in range(rng.choice((0, 1, 1) if big else (0, 1, 1, 2))):
        keys = ("axis", "apb", "avalon_st", "obi") if big else sorted(protocols.PROTOCOLS)
        protocol = protocols.PROTOCOLS[rng.choice([k for k in keys if k != "axi4"])]
        words = designs.STREAM_WORDS if protocol.stream else designs.ROLE_WORDS
        prefix = rng.choice(sorted(words))
        taken = prefix in {b.prefix for b in [bus, *others]}
        if taken or (kind == "only" and designs.alike(protocol, bus.protocol)):
            continue
        sizes = designs.sizes(rng, protocol)
        others.append(Bus(protocol, rng.choice("sm"), prefix, bus.style, sizes))
        designs.build_bus(rng, others[-1], thin=True)
    return others


def add_clocks(rng: random.Random, draft: Draft, easy: bool) -> None:
    """Add a common clock and reset; in some designs one bus has its own."""
    names = ("rst_n", "rst_n", "resetn", "nreset", "rst", "reset", None)
    reset = rng.choice(names[:4] if easy else names)
    clock = rng.choice(("clk", "clk", "clock", "sys_clk"))
    draft.nets.append(Net(clock, "input", 1))
    if reset:
        draft.nets.append(Net(reset, "input", 1))
    draft.clocks = {bus.prefix: (clock, reset) for bus in draft.buses}
    if not easy and rng.random() < 0.4:
        prefix = rng.choice(draft.buses).prefix
        own = (f"{prefix}_clk", f"{prefix}_{rng.choice(('rst_n', 'rst'))}")
        draft.nets += [Net(net, "input", 1) for net in own]
        draft.clocks[prefix] = own


def design_params(rng: random.Random, bus: Bus) -> list[dict[str, str]]:
    """Parameters that the design shows. They explain widths, which the port list has resolved."""
    shown = [n for n in bus.sizes if n in ("DATA_WIDTH", "ADDR_WIDTH")]
    pairs = [(name, bus.sizes[name]) for name in shown]
    others = [("DEPTH", 16), ("STAGES", 3), ("TIMEOUT", 500), ("CHANNELS", 4)]
    pairs += rng.sample(others, rng.randrange(3))
    return [{"name": name, "value": str(value)} for name, value in pairs]


def make_settings(rng: random.Random, knobs: tuple[str, ...]) -> tuple[list[str], dict[str, int]]:
    """Sentences about up to two knobs, and the values that differ from the default.

    Some sentences ask for the default: the parameter must then stay unset.
    """
    sentences, chosen = [], {}
    for name in rng.sample(knobs, rng.choice((0, 0, 1, 1, 2))):
        knob = vips.KNOBS[name]
        value = knob.default if rng.random() < 0.25 else rng.choice(knob.values)
        sentences.append(knob.sentence.format(value))
        if value != knob.default:
            chosen[name] = value
    return sentences, chosen


def make_gold(
    draft: Draft, spec: dict[str, Any], basic: bool, chosen: dict[str, int]
) -> list[dict[str, str]]:
    """The binding that follows from how the design was made, in the VIP's own order."""
    bus = draft.buses[0]
    protocol = bus.protocol
    clock, reset = draft.clocks[bus.prefix]
    values = dict(bus.values)
    values[protocol.signals[0].name] = clock
    if reset:
        values[protocol.signals[1].name] = reset
    gold, used = [], set()
    for signal, port in zip(vips.signals_of(protocol, basic), spec["ports"], strict=True):
        value = values.get(signal.name, port.get("tie"))
        if value is not None:
            gold.append({"name": port["name"], "value": value})
            used.add(str(signal.width).partition("/")[0])
    wanted = {n: bus.sizes[n] for n, (d, _) in protocol.widths.items() if bus.sizes[n] != d}
    wanted = {name: value for name, value in wanted.items() if name in used}
    if reset and reset.endswith(("rst", "reset")) and reset != "nreset":
        wanted[vips.RESET_KNOB] = 1
    wanted |= chosen
    return gold + [
        {"name": param["name"], "value": str(wanted[param["name"]])}
        for param in spec["params"]
        if param["name"] in wanted
    ]


def missing_bus(rng: random.Random, draft: Draft) -> tuple[protocols.Protocol, str]:
    """A bus that the design does not have, and the phrase that asks for it."""
    bus = draft.buses[0]
    others = [
        protocol
        for protocol in protocols.PROTOCOLS.values()
        if not any(designs.alike(protocol, b.protocol) for b in draft.buses)
    ]
    ways = ["prefix"] + ["only"] * bool(others) + ["side"] * (len(draft.buses) == 1)
    way = rng.choice(ways)
    if way == "only":
        protocol = rng.choice(others)
        return protocol, designs.phrase("only", Bus(protocol, "s", "", "", {}), {})
    words = designs.STREAM_WORDS if bus.protocol.stream else designs.ROLE_WORDS
    free = sorted(set(words) - {b.prefix for b in draft.buses})
    flipped = Bus(bus.protocol, "m" if bus.side == "s" else "s", rng.choice(free), bus.style, {})
    return bus.protocol, designs.phrase(way, flipped, words)
