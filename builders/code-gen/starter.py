"""The starter rows: a shortened form of the task, for a small model trained on two CPU cores.

A VIP with three optional one-bit ports and no parameters; a prompt of about 75 tokens. Schema,
grader and prompt builder are those of the real rows.
"""

from __future__ import annotations

import random
from typing import Any

import designs
import protocols
from designs import Bus, Net
from probes import Pairs, probe
from protocols import Signal

from task import schema

SEED = 3
ROWS = {"train": 160, "validation": 48, "test": 120}
STYLES = ("prefix", "suffix")
ASKED = 3
"""Ports of a VIP."""
LACKING = (1, 2)
"""How many of them the bus lacks, as often as listed."""
NOTHING_EVERY = 12
"""One row in this many asks for a bus that the design does not have."""
MENU = ("apb", "axi4lite", "axis", "ahb", "wishbone", "obi")
LEFT_OUT = {
    *("twakeup", "pwakeup", "pslverr", "hmastlock", "hnonsec", "hreadyout", "hexokay", "hexcl"),
    *("csr", "dma", "hdr", "pkt", "smp"),
}
"""Names that the embedded model spells with three tokens or more: it would have to learn to copy
them first."""


def draw_rows() -> dict[str, list[dict[str, Any]]]:
    """The rows of each split; every prompt is another one."""
    prompts: set[str] = set()
    return {split: _draw_split(split, prompts) for split in ROWS}


def _draw_split(split: str, prompts: set[str]) -> list[dict[str, Any]]:
    rng = random.Random(f"{SEED} {split}")
    stems = designs.SPLIT_STEMS[split]
    names = [f"{stem}_{tail}" for stem in stems for tail in rng.sample(designs.TAILS, 5)]
    rng.shuffle(names)
    rows: list[dict[str, Any]] = []
    while len(rows) < ROWS[split]:
        row = _row(rng, split, len(rows), names[len(rows) % len(names)])
        prompt = row["messages"][-1]["content"]
        if prompt not in prompts:
            prompts.add(prompt)
            rows.append(row)
    return rows


def _row(rng: random.Random, split: str, number: int, name: str) -> dict[str, Any]:
    protocol = protocols.PROTOCOLS[MENU[number % len(MENU)]]
    style = STYLES[(number + number // len(MENU)) % len(STYLES)]
    words = designs.STREAM_WORDS if protocol.stream else designs.ROLE_WORDS
    prefix, other, third = rng.sample(sorted(words.keys() - LEFT_OUT), 3)
    bits = [s for s in protocol.signals if s.width == 1 and s.driver != "-"]
    bits = [s for s in bits if s.name not in LEFT_OUT]
    asked = rng.sample(bits, ASKED)
    lacking = rng.sample(asked, rng.choice(LACKING))
    bus = Bus(protocol, "s", prefix, style, {})
    there = _nets(bus, [s for s in asked if s not in lacking])
    decoys = _nets(Bus(protocol, "s", other, style, {}), rng.sample(asked, 1))
    nets = rng.sample([*there.values(), *decoys.values()], len(there) + len(decoys))
    nets.sort(key=lambda net: net.dir)
    nothing = number % NOTHING_EVERY == NOTHING_EVERY - 1
    wanted = Bus(protocol, "s", third, style, {}) if nothing else bus
    gold = [] if nothing else [
        {"name": signal.name, "value": there[signal.name].name}
        for signal in asked if signal.name in there
    ]  # fmt: skip
    bound = {pair["name"] for pair in gold}
    row: dict[str, Any] = {
        "id": f"starter-{split}-{number:03d}",
        "design": name.partition("_")[0],
        "protocol": protocol.title,
        "style": style,
        "target": designs.phrase("prefix", wanted, words),
        "settings": [],
        "dut": {"name": name, "ports": [vars(net) for net in nets], "params": []},
        "vip": {
            "name": f"{protocol.key}_vip",
            "ports": [
                {"name": s.name, "dir": "input", "width": 1, "required": False} for s in asked
            ],
            "params": [],
        },
        "messages": [],
        "reference_answer": gold,
        "must_not_bind": [s.name for s in asked if s.name not in bound],
        "critical": [],
    }
    row["messages"] = schema.messages(schema.Item.model_validate(row), "short")
    return row


def _nets(bus: Bus, signals: list[Signal]) -> dict[str, Net]:
    """A net of the bus for each signal, by the signal's name."""
    found = {}
    for signal in signals:
        direction = "output" if signal.driver == bus.side else "input"
        name = designs.spell(bus.style, bus.prefix, signal, direction)
        found[signal.name] = Net(name, direction, 1)
    return found


def any_bus(row: dict[str, Any]) -> Pairs:
    """Each VIP port with the first design port that has its name in it, whatever the bus."""
    found = []
    for port in row["vip"]["ports"]:
        names = [p["name"] for p in row["dut"]["ports"] if port["name"] in p["name"].lower()]
        found += [{"name": port["name"], "value": name} for name in names[:1]]
    return found


def make_probes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers with known scores to a row that binds something and a row that binds nothing."""
    some = next(
        row for row in rows if row["reference_answer"] and any_bus(row) != row["reference_answer"]
    )
    none = next(row for row in rows if not row["reference_answer"])
    gold = some["reference_answer"]
    return [
        probe(some, "gold", gold, 1, 1, "The right answer."),
        probe(some, "nothing", [], 0, 0, "There is something to bind."),
        probe(some, "any bus", any_bus(some), 0, 0.9, "The name fits, the bus does not."),
        probe(some, "not JSON", "psel is bound", 0, 0, "Prose is not an answer."),
        probe(none, "nothing to bind", [], 1, 1, "The design lacks that bus."),
        probe(none, "over-binding", any_bus(none), 0, 0, "Nothing was to be bound."),
    ]
