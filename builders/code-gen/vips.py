"""The verification IPs: one side of a bus, one naming style, and knobs that mostly stay unset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from protocols import PROTOCOLS, Protocol, Signal

Role = Literal["manager", "subordinate", "monitor"]
ROLES: tuple[Role, ...] = ("manager", "subordinate", "monitor")


@dataclass(frozen=True)
class Knob:
    """A behaviour parameter of a VIP, the sentence that asks for it, and values it may be given."""

    default: int
    doc: str
    sentence: str
    values: tuple[int, ...]


RESET_KNOB = "RST_ACTIVE_HIGH"
RESET_DOC = "1 if the bound reset is active high (rst, reset; not rst_n, resetn, nreset)"

KNOBS = {
    "TIMEOUT": Knob(
        1000, "cycles until a stall is an error", "Time-out: {} cycles.", (64, 250, 4096)
    ),
    "CHECK_X": Knob(1, "0 = no check for unknown bits", "Unknown-bit checks: {}.", (0,)),
    "COVERAGE": Knob(0, "1 = collect coverage", "Coverage: {}.", (1,)),
    "VERBOSITY": Knob(1, "0 silent to 3 every beat", "Verbosity: {}.", (0, 2, 3)),
    "SEED": Knob(1, "seed of random delays", "Seed: {}.", (7, 42, 1234)),
    "MAX_WAIT": Knob(16, "longest random wait, cycles", "Longest wait: {} cycles.", (0, 4, 64)),
    "IN_FLIGHT": Knob(4, "most open transfers", "Open transfers: at most {}.", (1, 2, 16)),
    "STALL_PCT": Knob(0, "percent of cycles stalled", "Stall {} percent of cycles.", (10, 25, 50)),
}


VOICES = ("lower", "upper", "spelled", "directed")
"""How a VIP spells its ports: awaddr, AWADDR, aw_addr, awaddr_o."""


def vip(
    protocol: Protocol,
    role: Role = "monitor",
    voice: str = "lower",
    knobs: tuple[str, ...] = (),
    basic: bool = False,
) -> dict[str, Any]:
    """A VIP's interface as a row's `vip` field.

    A manager VIP drives what a manager drives, a subordinate VIP the rest, a monitor nothing.
    A basic VIP has no ports for the signals that the standard leaves optional.
    """
    signals = signals_of(protocol, basic)
    ports = [_port(signal, role, voice) for signal in signals]
    used = {str(signal.width).partition("/")[0] for signal in signals}
    params = [
        {"name": name, "default": str(default), "doc": doc}
        for name, (default, doc) in protocol.widths.items()
        if name in used
    ]
    params.append({"name": RESET_KNOB, "default": "0", "doc": RESET_DOC})
    for name in knobs:
        params.append({"name": name, "default": str(KNOBS[name].default), "doc": KNOBS[name].doc})
    kind = {"manager": "source", "subordinate": "sink"}.get(role, role) if protocol.stream else role
    name = f"{protocol.key}_{'basic_' if basic else ''}{kind}_vip"
    return {"name": name, "ports": ports, "params": params}


def catalogue() -> list[dict[str, Any]]:
    """The lines of task/tools/vips.jsonl: a VIP for each protocol and role."""
    return [
        {
            "protocol": key,
            "role": role,
            "title": protocol.title,
            "vip": (spec := vip(protocol, role)),
            "critical": critical(protocol, spec),
        }
        for key, protocol in PROTOCOLS.items()
        for role in ROLES
    ]


def critical(protocol: Protocol, spec: dict[str, Any]) -> list[str]:
    """The ports of a VIP of this protocol that a binding must have right."""
    basic = len(spec["ports"]) < len(protocol.signals)
    named = zip(signals_of(protocol, basic), spec["ports"], strict=True)
    return [port["name"] for signal, port in named if signal.name in protocol.critical()]


def signals_of(protocol: Protocol, basic: bool) -> list[Signal]:
    """The signals a VIP has ports for, in the order of its ports."""
    return [s for s in protocol.signals if s.need != "no" or not basic]


def _port(signal: Signal, role: Role, voice: str) -> dict[str, Any]:
    direction = "output" if signal.driver == role[0] and role != "monitor" else "input"
    needed = signal.need == "yes" or (signal.need != "no" and direction == "input")
    port: dict[str, Any] = {
        "name": _port_name(signal, direction, voice),
        "dir": direction,
        "width": signal.width,
        "required": needed,
    }
    if needed and signal.need != "yes":
        port["tie"] = signal.need
    return port


def _port_name(signal: Signal, direction: str, voice: str) -> str:
    """The VIP's name for a signal."""
    if voice == "upper":
        return signal.name.upper()
    if voice == "spelled":
        return signal.spelled
    if voice == "directed":
        return f"{signal.name}_{direction[0]}"
    return signal.name
