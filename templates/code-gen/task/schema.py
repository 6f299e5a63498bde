"""The shape of a row (Item) and of the model's answer (Answer), and the prompt built from a row.

A row asks to bind one verification IP (VIP) to one bus of one design. The prompt shows the design's
port list and parameters and the VIP's interface, never the design's body: RTL can hold the answer.
"""

from __future__ import annotations

from itertools import groupby
from typing import Literal

from pydantic import BaseModel, Field

from task import grader

GROUP_FIELD = "design"
"""Rows of one design must stay in one split."""

YES = {True: "yes", False: "no"}
PROMPT_VARIANTS = ("full", "short")
"""short: for the starter rows; names stand in quotes, so that they have the tokens of answers."""


class Pair(BaseModel, extra="forbid"):
    """One binding: a VIP port and what it connects to, or a VIP parameter and its value."""

    name: str
    value: str


class Answer(BaseModel, extra="forbid"):
    """What the model answers: everything that is bound; whatever is not named stays unbound."""

    predicted: list[Pair]


class Port(BaseModel, extra="forbid"):
    """A port of the design; `width` in bits, bits counted from 0."""

    name: str
    dir: Literal["input", "output", "inout"]
    width: int = Field(ge=1, le=grader.MAX_BITS)


class Value(BaseModel, extra="forbid"):
    """A parameter of the design and the value it has in this testbench."""

    name: str
    value: str


class Design(BaseModel, extra="forbid"):
    """The design under test (DUT): its port list, in order, and its parameters."""

    name: str
    ports: list[Port]
    params: list[Value] = []


class VipPort(BaseModel, extra="forbid"):
    """A port of the VIP. `width` is a number or an expression over the VIP's parameters."""

    name: str
    dir: Literal["input", "output"]
    width: int | str
    required: bool
    tie: str | None = None
    """The sized constant a required input gets when the bus has no such port."""


class VipParam(BaseModel, extra="forbid"):
    """A parameter of the VIP; `doc` says when it must differ from its default."""

    name: str
    default: str
    doc: str


class Vip(BaseModel, extra="forbid"):
    """The verification IP's interface."""

    name: str
    ports: list[VipPort]
    params: list[VipParam] = []


class Item(BaseModel, extra="forbid"):
    """One row: bind `vip` to the bus of `dut` that `target` names."""

    id: str
    design: str
    """The design, or the family of designs made from one another; never shared between splits."""
    protocol: str
    style: str
    """How the design names its ports, for the report."""
    target: str
    """Which bus, as a noun phrase: "the bus with prefix `cfg_`"."""
    settings: list[str] = []
    """What the testbench asks of the VIP beyond the wiring, one sentence each."""
    dut: Design
    vip: Vip
    messages: list[dict[str, str]]
    reference_answer: list[Pair] | None
    critical: list[str] = []
    """VIP ports whose pairs must be right (clock, reset, handshake); else half of the reward."""
    must_not_bind: list[str] = []
    """VIP ports and parameters that must stay unset in this row."""


RULES = """\
You connect a verification IP (VIP) to a design. Each design port has a testbench net of the same \
name. Answer which VIP ports and parameters to set; what you do not name stays unset.
1. Bind only the requested bus, never other buses, copies or status ports (an extra word in the \
name: _q, _mon, _dbg, _shadow, _cnt). If the design lacks that bus, answer {"predicted":[]}.
2. A VIP port gets the port of that bus with the same function, whole (`name`), as a slice \
(`name[hi:lo]`) if several lanes share it, or joined (`{hi, lo}`) if it is split in two.
3. Clock and reset: those named for the bus, else the common ones.
4. A required VIP port without such a design port gets the constant after its `=`. An optional one \
stays unset; if the bus has the port, bind it.
5. Set a parameter only if it must differ from its default (decimal): a width to fit the bound \
ports, the others as their text and the request ask.
Example: VIP `required input: clk, ok=1'b1; required input[W]: d; optional input: e; parameter \
W=8`, design `input: ck; output[15:0]: tx_d` gives
{"predicted":[{"name":"clk","value":"ck"},{"name":"ok","value":"1'b1"},\
{"name":"d","value":"tx_d"},{"name":"W","value":"16"}]}
Answer with that JSON only."""

SHORT_RULES = "Bind the VIP ports that the bus has. Answer in JSON."


def messages(item: Item, prompt_variant: str = "full") -> list[dict[str, str]]:
    """The prompt of a row: the rules (developer) and the two interfaces (user)."""
    if prompt_variant == "short":
        design, vip = (",".join(f'"{p.name}"' for p in side.ports) for side in (item.dut, item.vip))
        text = f"Bind {item.target}\ndesign: {design}\nVIP: {vip}"
        return [{"role": "developer", "content": SHORT_RULES}, {"role": "user", "content": text}]
    request = [f"In `{item.dut.name}`, bind `{item.vip.name}` to {item.target}.", *item.settings]
    text = "\n\n".join([" ".join(request), _design_text(item.dut), _vip_text(item.vip)])
    return [{"role": "developer", "content": RULES}, {"role": "user", "content": text}]


def _design_text(dut: Design) -> str:
    lines = [f"Design `{dut.name}`"]
    if dut.params:
        lines.append("parameters: " + ", ".join(f"{p.name}={p.value}" for p in dut.params))
    for (direction, width), ports in groupby(dut.ports, key=lambda p: (p.dir, p.width)):
        size = f"[{width - 1}:0]" if width > 1 else ""
        lines.append(f"{direction}{size}: " + ", ".join(p.name for p in ports))
    return "\n".join(lines)


def _vip_text(vip: Vip) -> str:
    lines = [f"VIP `{vip.name}`"]
    groups: dict[tuple[bool, str, int | str], list[VipPort]] = {}
    for port in sorted(vip.ports, key=lambda p: not p.required):
        groups.setdefault((port.required, port.dir, port.width), []).append(port)
    for (required, direction, width), ports in groups.items():
        size = "" if width == 1 else f"[{width}]"
        names = ", ".join(p.name + (f"={p.tie}" if p.tie else "") for p in ports)
        lines.append(f"{'required' if required else 'optional'} {direction}{size}: {names}")
    lines += [f"parameter {p.name}={p.default}: {p.doc}" for p in vip.params]
    return "\n".join(lines)


def gold(item: Item) -> Answer:
    """The reference answer in the form that the model must use."""
    return Answer(predicted=item.reference_answer or [])


def labels(item: Item) -> list[str]:
    """For the skew check: the protocol, or that nothing is to be bound."""
    return [item.protocol if item.reference_answer else "nothing to bind"]


def display(item: Item, answer: Answer) -> list[str]:
    """The answer as reports show it: a line for each port, then one for each parameter."""
    ports = {port.name for port in item.vip.ports}
    pairs = sorted(answer.predicted, key=lambda pair: pair.name not in ports)
    return [f"{'' if p.name in ports else 'parameter '}{p.name}: {p.value}" for p in pairs]


def review_fields(item: Item) -> dict[str, dict[str, str]]:
    """What experts pick from on the review page: the VIP's names, the design's ports."""
    names = {p.name: "required" if p.required else "optional" for p in item.vip.ports}
    names |= {p.name: p.doc for p in item.vip.params}
    ports = {p.name: f"{p.dir}, {p.width} bits" for p in item.dut.ports}
    return {"predicted[].name": names, "predicted[].value": ports}


def slices(item: Item) -> dict[str, str]:
    """The groups a report breaks its means down by."""
    pairs = gold(item).predicted
    ports = {p.name for p in item.vip.ports}
    values = [p.value for p in pairs if p.name in ports]
    count = len(pairs)
    size = "none" if not count else "1-9" if count < 10 else "10-19" if count < 20 else "20+"
    return {
        "protocol": item.protocol,
        "naming": item.style,
        "pairs to bind": size,
        "sets a parameter": YES[any(p.name not in ports for p in pairs)],
        "has a tie-off": YES[any("'" in value for value in values)],
        "slice or join": YES[any("[" in value or "{" in value for value in values)],
    }


def check_item(item: Item) -> list[str]:
    """What is wrong with a row beyond its shape, one sentence with its remedy for each problem."""
    if item.reference_answer is None:
        return [
            "reference_answer is null: write the right binding, or [] if nothing is to be bound."
        ]
    row = item.model_dump()
    pairs = [(pair.name, pair.value) for pair in item.reference_answer]
    problems = [f"The reference does not elaborate: {text}" for text in grader.faults(pairs, row)]
    names = [p.name for p in item.vip.ports] + [p.name for p in item.vip.params]
    problems += _repeated("dut.ports", [p.name for p in item.dut.ports]) + _repeated("vip", names)
    ports = {p.name for p in item.vip.ports}
    problems += [
        f"critical lists {name!r}, which is not a port of the VIP; remove it."
        for name in item.critical
        if name not in ports
    ]
    bound = {name for name, _ in pairs}
    for name in item.must_not_bind:
        listed = f"must_not_bind lists {name!r}, which"
        problems += [f"{listed} the VIP does not have; remove it."] if name not in names else []
        problems += [f"{listed} the reference binds; remove one."] if name in bound else []
    problems += [
        f"The reference sets {pair.name!r} to its default; leave it out (rule 5)."
        for pair in item.reference_answer
        for param in item.vip.params
        if pair.name == param.name
        and grader.score([(pair.name, pair.value)], [(param.name, param.default)], row)[2] == 1.0
    ]
    return problems + _check_scores(item, row)


def _repeated(where: str, names: list[str]) -> list[str]:
    twice = {name for name in names if names.count(name) > 1}
    return [f"{where} names {name!r} twice; rename or remove one." for name in sorted(twice)]


def _check_scores(item: Item, row: dict[str, object]) -> list[str]:
    """Binding all the rest at its default must earn clearly less than the reference's 1."""
    pairs = {pair.name: pair.value for pair in gold(item).predicted}
    rest = {p.name: p.default for p in item.vip.params}
    rest |= {p.name: "'0" for p in item.vip.ports if p.dir == "input"}
    everything = [{"name": name, "value": value} for name, value in (rest | pairs).items()]
    if grader.grade({"output_json": {"predicted": everything}}, row) > 0.95:
        return [
            "Binding every VIP name scores within .05 of the reference, so the row cannot teach "
            "what to leave unset; use a VIP interface with more optional ports or parameters."
        ]
    return []
