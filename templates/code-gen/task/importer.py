"""`rft import`: your Verilog or SystemVerilog modules become rows.

    rft import rtl/uart.sv --set vip=apb:manager --set bus="the register bus"
    rft import rtl/ --set vip=my_vip.sv --set include=rtl/include --set gold=bindings.json

Only a module's header enters the row (ports and parameters, widths resolved), never its body: RTL
can contain the answer. Files are read in a separate process (tools/rtl.py) with a time limit.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rft.task import Problem, field_problems, text_lines
from task import grader
from task.schema import Pair, Vip

OPTIONS = {
    "vip": "the VIP: a protocol of task/tools/vips.jsonl (apb, apb:manager, axi4:subordinate, ...; "
    "without a role a monitor), a Verilog file with the VIP's module, or a .json file in the shape "
    "of a row's vip field; required",
    "top": "import only this module",
    "bus": "which bus to bind, as in: the register bus with prefix cfg_",
    "settings": "what else the testbench asks of the VIP, sentences separated by ;",
    "gold": "a .json file with the right bindings: [{name, value}, ...], or an object with one "
    "such list per module; without it reference_answer is null until an expert writes it",
    "include": "folders for `include, separated by commas (an imported folder's own are known)",
    "define": "macros, NAME or NAME=VALUE, separated by commas",
    "param": "design parameter values instead of the defaults, NAME=VALUE, separated by commas; "
    "for a parameter that is a type: req_t=logic[31:0]",
}

TOOLS = Path(__file__).with_name("tools")
TIME_LIMIT_S = 120.0
SUFFIXES = (".v", ".sv")
HEADERS = (".vh", ".svh")

Row = dict[str, Any]
Module = dict[str, Any]


class CatalogueVip(BaseModel):
    """A line of task/tools/vips.jsonl: the VIP that `--set vip=PROTOCOL:ROLE` names."""

    protocol: str
    role: str
    title: str
    """The protocol's name in prompts and reports."""
    vip: Vip
    critical: list[str] = []
    """Ports whose pairs must be right: clock, reset, handshake."""


class _Refusal(Exception):
    """An option that cannot be used; carries the Problem to report."""

    def __init__(self, file: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(file, line, message)


def load(paths: list[Path], options: dict[str, str]) -> Iterator[Row | Problem]:
    """Rows for the modules in `paths` (files or folders), and a Problem for the rest."""
    try:
        files = [str(f) for path in paths for f in _sources(path)]
        headers = {str(folder) for path in paths for folder in _header_folders(path)}
        options = options | {"include": ",".join([options.get("include", ""), *sorted(headers)])}
        vip, title, critical = _vip(options.get("vip", ""), options)
        gold = _gold(options.get("gold", ""))
        modules = list(_read(files, options))
        _check_params(_list(options.get("param", "")), modules)
    except _Refusal as refusal:
        yield refusal.problem
        return
    if not files:
        yield Problem(", ".join(map(str, paths)), None, "no .v or .sv file here; name one.")
    top = options.get("top", "")
    seen: Counter[str] = Counter()
    for module in modules:
        if isinstance(module, Problem):
            yield module
        elif top in ("", module["name"]):
            seen[module["name"]] += 1
            row = _row(module, vip, title, gold, options)
            if isinstance(row, dict) and critical:
                row["critical"] = critical
            if isinstance(row, dict) and seen[module["name"]] > 1:
                row["id"] += f"-{seen[module['name']]}"
            yield row
    if top and top not in seen:
        yield Problem(", ".join(map(str, paths)), None, f"module '{top}' is not in these files.")


def _sources(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
    return [path]


def _header_folders(path: Path) -> Iterator[Path]:
    """The folders that `include may start from: those of headers, and those above them."""
    for header in path.rglob("*.*h"):
        if header.suffix.lower() in HEADERS:
            yield from (folder for folder in header.parents if folder.is_relative_to(path))


def _check_params(params: list[str], modules: list[Module | Problem]) -> None:
    """Refuse a value for a parameter that is not in any module."""
    known = [module["settable"] for module in modules if isinstance(module, dict)]
    for param in params:
        name, equals, _ = param.partition("=")
        if not equals:
            raise _Refusal(f"--set param={param}", "a parameter is given as NAME=VALUE.")
        if known and None not in known and not any(name in names for names in known):
            names = ", ".join(sorted({name for names in known for name in names})) or "none"
            raise _Refusal(
                f"--set param={param}", f"no module has the parameter '{name}'; there are: {names}."
            )


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _read(files: list[str], options: dict[str, str]) -> Iterator[Module | Problem]:
    """What rtl.py finds in the files; if it crashes, what it finds in each file alone."""
    answer = _ask(files, options)
    if isinstance(answer, str) and len(files) > 1:
        for file in files:
            yield from _read([file], options)
        return
    if isinstance(answer, str):
        yield Problem(files[0] if files else "", None, answer)
        return
    for problem in answer["problems"]:
        yield Problem(_short(problem["file"], files), problem["line"], problem["message"])
    for module in sorted(answer["modules"], key=lambda m: (m["file"], m["line"])):
        yield {**module, "file": _short(module["file"], files)}


def _short(path: str, files: list[str]) -> str:
    """The path as the user wrote it, if it is one of the files."""
    return next((f for f in files if str(Path(f).resolve()) == path), path)


def _ask(files: list[str], options: dict[str, str]) -> dict[str, list[Module]] | str:
    """The output of rtl.py, or one sentence on why there is none."""
    if not files:
        return {"modules": [], "problems": []}
    lists = {name: _list(options.get(name, "")) for name in ("include", "define", "param")}
    try:
        done = subprocess.run(
            [sys.executable, str(TOOLS / "rtl.py")],
            input=json.dumps({"files": files} | lists),
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"reading took more than {TIME_LIMIT_S:.0f} s; import fewer or smaller files."
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return f"the SystemVerilog reader failed on this file ({last}); simplify it."
    answer: dict[str, list[Module]] = json.loads(done.stdout)
    return answer


def _row(
    module: Module, vip: Vip, title: str, gold: dict[str, list[Pair]], options: dict[str, str]
) -> Row | Problem:
    name, file = module["name"], module["file"]
    if module["refused"]:
        line = module["refused_line"] or module["line"]
        return Problem(file, line, f"module '{name}': {module['refused']}.")
    wide = next((p for p in module["ports"] if p["width"] > grader.MAX_BITS), None)
    if wide:
        text = f"module '{name}': port '{wide['name']}' has {wide['width']} bits, too many."
        return Problem(file, module["line"], text)
    row: Row = {
        "id": f"{name}-{vip.name}",
        "design": name,
        "protocol": title,
        "style": "yours",
        "target": options.get("bus") or f"the only {title} bus",
        "settings": [s.strip() for s in options.get("settings", "").split(";") if s.strip()],
        "dut": {
            "name": name,
            "ports": [{k: p[k] for k in ("name", "dir", "width")} for p in module["ports"]],
            "params": [{"name": p["name"], "value": p["default"]} for p in module["params"]],
        },
        "vip": vip.model_dump(exclude_none=True),
        "reference_answer": None,
        "must_not_bind": [],
    }
    pairs = gold.get(name, gold.get(""))
    if pairs is not None:
        faults = grader.faults([(p.name, p.value) for p in pairs], row)
        if faults:
            return Problem(file, module["line"], f"the reference binding of '{name}': {faults[0]}")
        bound = {p.name for p in pairs}
        names = [p.name for p in vip.ports] + [p.name for p in vip.params]
        row["reference_answer"] = [p.model_dump() for p in pairs]
        row["must_not_bind"] = [n for n in names if n not in bound]
    return row


def _vip(text: str, options: dict[str, str]) -> tuple[Vip, str, list[str]]:
    """The VIP that --set vip names, the title of its protocol, and its critical ports."""
    catalogue = _catalogue(TOOLS / "vips.jsonl")
    key, _, role = text.partition(":")
    for entry in catalogue:
        if (entry.protocol, entry.role) == (key, role or "monitor"):
            return entry.vip, entry.title, entry.critical
    path = Path(text)
    if not text or not path.is_file():
        known = ", ".join(dict.fromkeys(entry.protocol for entry in catalogue))
        raise _Refusal(
            f"--set vip={text}",
            f"name a protocol ({known}; with :manager, :subordinate or :monitor), a Verilog file "
            "or a .json file.",
        )
    if path.suffix == ".json":
        try:
            vip = Vip.model_validate(_json(path))
        except ValidationError as error:
            raise _Refusal(text, f"vip.{field_problems(error)[0]}.") from None
        return vip, vip.name, []
    modules: list[Module] = []
    for module in _read([text], options | {"param": ""}):
        if isinstance(module, Problem):
            raise _Refusal(module.file, module.message, module.line)
        modules.append(module)
    if len(modules) != 1:
        raise _Refusal(text, f"holds {len(modules)} modules; the VIP's file must hold just one.")
    return _vip_module(modules[0]), modules[0]["name"], []


def _catalogue(path: Path) -> list[CatalogueVip]:
    """The lines of vips.jsonl."""
    entries = []
    for number, line in text_lines(path):
        try:
            entries += [CatalogueVip.model_validate_json(line)] if line.strip() else []
        except ValidationError as error:
            raise _Refusal(
                f"task/tools/{path.name}", f"{field_problems(error)[0]}.", number
            ) from None
    return entries


def _vip_module(module: Module) -> Vip:
    """A VIP from its module: an input without a default value is required, all else optional."""
    if module["refused"]:
        raise _Refusal(module["file"], f"{module['refused']}.", module["refused_line"])
    params = {p["name"]: p["default"] for p in module["params"]}
    sizes = {name: ("int", int(text)) for name, text in params.items() if text.isdecimal()}
    ports = []
    for port in module["ports"]:
        if port["dir"] == "inout":
            text = f"port '{port['name']}' is an inout; a VIP may have inputs and outputs only."
            raise _Refusal(module["file"], text, module["line"])
        expression = port["expression"]
        fits = (
            re.search("[A-Za-z]", expression or "")
            and grader.eval_width(expression, {**sizes})[0] == port["width"]
        )
        ports.append(
            {
                "name": port["name"],
                "dir": port["dir"],
                "width": expression if fits else port["width"],
                "required": port["dir"] == "input" and not port["has_default"],
            }
        )
    return Vip.model_validate({"name": module["name"], "ports": ports, "params": module["params"]})


def _gold(text: str) -> dict[str, list[Pair]]:
    """Reference bindings by module name; "" holds those for any module."""
    if not text:
        return {}
    content = _json(Path(text))
    if isinstance(content, dict) and set(content) == {"predicted"}:
        content = content["predicted"]
    lists = content if isinstance(content, dict) else {"": content}
    try:
        return {name: [Pair.model_validate(p) for p in pairs] for name, pairs in lists.items()}
    except (ValidationError, TypeError):
        raise _Refusal(text, 'every binding must be {"name": "...", "value": "..."}.') from None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _Refusal(str(path), f"cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise _Refusal(
            str(path), f"is not valid JSON: {error}.", getattr(error, "lineno", None)
        ) from None
