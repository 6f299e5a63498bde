"""Answers that need no model: `rft check` prints their scores; a trained model must beat them."""

from __future__ import annotations

import json
import re
from typing import Any

Bindings = dict[str, str]


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Answer text by the name of the trick; none of them reads the reference answer.

    empty: bind nothing.
    suffix heuristic: among the ports of the likeliest bus, bind each VIP port to the first one
    whose name ends (or starts) like it, tie off other required ports, set no parameter.
    suffix heuristic, widths fitted: that, and the width parameters worked out from the bound ports.
    bind everything: that, and a signal of some kind on every other VIP port, and every other
    parameter at its default.
    """
    vip, nets = item["vip"], _bus_ports(item)
    guesses = {port["name"]: _guess(port, nets) for port in vip["ports"]}
    wired = {name: value for name, value in guesses.items() if value is not None}
    fitted = wired | _fit(vip, wired, {net["name"]: net["width"] for net in nets})
    everything = {port["name"]: _fallback(port, nets) for port in vip["ports"]}
    everything |= {param["name"]: str(param["default"]) for param in vip["params"]}
    return {
        "empty": _answer({}),
        "suffix heuristic": _answer(wired),
        "suffix heuristic, widths fitted": _answer(fitted),
        "bind everything": _answer(everything | fitted),
    }


def _answer(bindings: Bindings) -> str:
    return json.dumps({"predicted": [{"name": n, "value": v} for n, v in bindings.items()]})


def _bus_ports(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The design's ports, those of the likeliest bus first, then those that belong to no bus.

    The likeliest bus: the name the request quotes, else the affix under which most VIP ports are
    found.
    """
    nets = item["dut"]["ports"]
    quoted = re.search(r"`(?:[io]_)?\.*_?(\w+?)_?\.*`", item["target"])
    affixes = {affix for net in nets for affix in _affixes(net["name"])}
    best = quoted.group(1).lower() if quoted else ""
    if best not in affixes:
        best = max(sorted(affixes), key=lambda a: _hits(item, a), default="")
    mine = [net for net in nets if best in _affixes(net["name"])]
    return mine + [net for net in nets if net not in mine and net["width"] == 1]


def _affixes(name: str) -> set[str]:
    words = _plain(name).split("_")
    cuts = range(1, min(len(words), 3))
    return {"_".join(words[:n]) for n in cuts} | {"_".join(words[-n:]) for n in cuts}


def _hits(item: dict[str, Any], affix: str) -> int:
    mine = [net for net in item["dut"]["ports"] if affix in _affixes(net["name"])]
    bare = [{**port, "tie": None} for port in item["vip"]["ports"]]
    return sum(_guess(port, mine) is not None for port in bare)


def _plain(name: str) -> str:
    """A name without case and without direction marks."""
    name = name.lower()
    for mark in ("_i", "_o"):
        name = name.removesuffix(mark)
    for mark in ("i_", "o_"):
        name = name.removeprefix(mark)
    return name


def _guess(port: dict[str, Any], nets: list[dict[str, Any]]) -> str | None:
    wanted = _plain(port["name"])
    for net in nets:
        name = _plain(net["name"])
        if name == wanted or name.endswith(f"_{wanted}") or name.startswith(f"{wanted}_"):
            return str(net["name"])
    if wanted.endswith("clk") or "rst" in wanted or "reset" in wanted:
        kind = ("clk", "clock") if wanted.endswith("clk") else ("rst", "reset")
        return next((str(n["name"]) for n in nets if any(k in n["name"] for k in kind)), None)
    return port.get("tie")


def _fit(vip: dict[str, Any], wired: Bindings, widths: dict[str, int]) -> Bindings:
    """The width parameters that the bound ports ask for."""
    defaults = {param["name"]: str(param["default"]) for param in vip["params"]}
    fitted: Bindings = {}
    for port in vip["ports"]:
        name, _, divisor = str(port["width"]).partition("/")
        width = widths.get(wired.get(port["name"], ""))
        if name in defaults and width is not None:
            fitted.setdefault(name, str(width * int(divisor or 1)))
    return {name: value for name, value in fitted.items() if value != defaults[name]}


def _fallback(port: dict[str, Any], nets: list[dict[str, Any]]) -> str:
    same = [str(net["name"]) for net in nets if net["width"] == port["width"]]
    return same[0] if same else "'0"
