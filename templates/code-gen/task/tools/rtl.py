"""Read module headers with pyslang in a separate process: hostile RTL can crash a parser.

`python rtl.py` takes one JSON object on standard input
    {"files": [path], "include": [folder], "define": ["NAME=VALUE"], "param": ["NAME=VALUE"]}
and prints one on standard output
    {"modules": [{"name", "file", "line", "ports", "params", "settable", "refused",
                  "refused_line"}],
     "problems": [{"file", "line", "message"}]}
`refused` says why a module's ports cannot be expressed as plain vectors (null if they can). Widths
are resolved with the default parameter values, or those of `param`, which may be types too;
`settable` holds the names that `param` may set (null if not known). Imports nothing of the project.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from pyslang import Bag, DiagnosticEngine, SourceManager
from pyslang.ast import Compilation, CompilationOptions, DefinitionKind, SymbolKind
from pyslang.parsing import PreprocessorOptions
from pyslang.syntax import SyntaxKind, SyntaxTree

Found = dict[str, Any]

_DIRECTIONS = {"In": "input", "Out": "output", "InOut": "inout"}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*", re.ASCII)
_RANGE = re.compile(r"\[([^\[\]:]+):([^\[\]:]+)\]")
_SHARED = {
    SyntaxKind.PackageDeclaration,
    SyntaxKind.InterfaceDeclaration,
    SyntaxKind.TypedefDeclaration,
    SyntaxKind.ParameterDeclarationStatement,
}
_KEPT: list[Any] = []
_HINTS = {
    "CouldNotOpenIncludeFile": "; name its folder with --set include=FOLDER",
    "UnknownDirective": "; define the macro with --set define=NAME=VALUE",
    "UnknownPackage": "; import the package's file together with this one",
}


def read(request: dict[str, list[str]]) -> dict[str, list[Found]]:
    """The modules of the files, and the problems of what could not be read."""
    manager = SourceManager()
    for folder in request["include"]:
        manager.addUserDirectories(folder)
    preprocessor = PreprocessorOptions()
    preprocessor.predefines = request["define"]
    bag = Bag([preprocessor])
    engine = DiagnosticEngine(manager)
    trees, problems = [], []
    for file in request["files"]:
        try:
            tree = SyntaxTree.fromFile(file, manager, bag)
        except (RuntimeError, ValueError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            problems.append({"file": file, "line": None, "message": f"cannot be read: {reason}."})
            continue
        errors = [d for d in tree.diagnostics if d.isError()]
        if errors:
            problems.append(_problem(file, errors[0], manager, engine))
        else:
            trees.append(tree)
    shared = [tree for tree in trees if _is_shared(tree)]
    modules = []
    for tree in trees:
        others = [other for other in shared if other is not tree]
        modules += _modules(tree, others, manager, engine, request["param"])
    return {"modules": modules, "problems": problems}


def _is_shared(tree: Any) -> bool:
    """Whether a file holds declarations that the headers of other files may need."""
    kinds = {member.kind for member in getattr(tree.root, "members", [tree.root])}
    return bool(kinds & _SHARED)


def _problem(file: str, diagnostic: Any, manager: Any, engine: Any) -> Found:
    """The first error of a file as slang words it, with a remedy if there is a simple one."""
    location = manager.getFullyExpandedLoc(diagnostic.location)
    place = str(manager.getFullPath(location.buffer)) or file
    text = _with_hint(diagnostic, engine)
    line = int(manager.getLineNumber(location))
    word = re.compile(r"\s*(\w+)").match(manager.getSourceText(location.buffer), location.offset)
    if word and _is_keyword(word[1]):
        text += f"; '{word[1]}' is a keyword of SystemVerilog: rename it, or write a wrapper"
    return {"file": place, "line": line, "message": f"{text}."}


def _modules(
    tree: Any, others: list[Any], manager: Any, engine: Any, params: list[str]
) -> list[Found]:
    """Every module of one file, each elaborated as a top level; `others` hold packages."""
    definitions = _definitions(tree)
    compilation = _compile([tree, *others], {str(d.name) for d in definitions}, params)
    given = dict(param.partition("=")[::2] for param in params)
    bodies = {}
    for instance in compilation.getRoot().topInstances:
        bodies[instance.name] = _with_types(instance, [tree, *others], manager, given)
    modules = []
    for definition in definitions:
        module: Found = {
            "name": definition.name,
            "file": str(manager.getFullPath(definition.location.buffer)),
            "line": int(manager.getLineNumber(definition.location)),
            "ports": [],
            "params": [],
            "settable": None,
            "refused": None,
            "refused_line": None,
        }
        body = bodies.get(definition.name)
        if body is None:
            module["refused"] = (
                "a parameter has no default value; give one with --set param=NAME=VALUE"
            )
        else:
            module["settable"] = [p.name for p in body.parameters if not p.isLocalParam]
            errors = lambda: _errors_by_line(compilation, manager, engine)  # noqa: E731
            _fill(module, body, manager, given, errors)
        modules.append(module)
    return modules


def _compile(trees: list[Any], tops: set[str], params: list[str]) -> Any:
    """The trees elaborated with these top modules."""
    options = CompilationOptions()
    options.topModules = tops  # slang keeps no copy: the set must stay alive
    options.paramOverrides = params
    compilation = Compilation(Bag([options]))
    for tree in trees:
        compilation.addSyntaxTree(tree)
    _KEPT.append((compilation, tops))  # its symbols would be freed with it
    return compilation


def _with_types(instance: Any, trees: list[Any], manager: Any, given: dict[str, str]) -> Any:
    """An instance's body; with the given types, if it has parameters that are types.

    slang cannot set such a parameter of a top module, so a module around it does.
    """
    own = [p for p in instance.body.parameters if p.name in given and not p.isLocalParam]
    if not any(p.kind == SymbolKind.TypeParameter for p in own):
        return instance.body
    settings = ", ".join(f".{p.name}({given[p.name]})" for p in own)
    text = f"module rft_top; {instance.name} #({settings}) rft_inner(); endmodule"
    outer = _compile([SyntaxTree.fromText(text, manager), *trees], {"rft_top"}, [])
    return outer.getRoot().topInstances[0].body.find("rft_inner").body


def _definitions(tree: Any) -> list[Any]:
    definitions: list[Any] = list(_compile([tree], set(), []).getDefinitions())
    return [
        d
        for d in definitions
        if d.kind == SymbolKind.Definition and d.definitionKind == DefinitionKind.Module
    ]


def _fill(module: Found, body: Any, manager: Any, given: dict[str, str], errors: Any) -> None:
    """Put the ports and parameters into `module`, or say why that cannot be done."""
    types = [p for p in body.parameters if p.kind == SymbolKind.TypeParameter]
    types = [p for p in types if not p.isLocalParam]
    stand_ins = {p.name for p in types if p.targetType.type.bitWidth == 1} - given.keys()
    inherited = ""
    for port in body.portList:
        reason = _refusal(port) or _stand_in(port, stand_ins)
        if reason is not None:
            module["refused_line"] = line = int(manager.getLineNumber(port.location))
            module["refused"] = errors().get(line, reason) if "no type" in reason else reason
            return
        own = port.internalSymbol.syntax if port.internalSymbol else port.syntax
        text = str(own.parent) if own is not None and own.parent is not None else ""
        if re.search(r"\b(input|output|inout)\b|\[", text):
            inherited = text
        module["ports"].append(
            {
                "name": port.name,
                "dir": _DIRECTIONS[port.direction.name],
                "width": int(port.type.bitWidth),
                "expression": _expression(inherited),
                "has_default": port.initializer is not None,
            }
        )
    if not module["ports"]:
        module["refused"] = "it has no ports"
    for param in body.parameters:
        default = None if param.isLocalParam else _default(param)
        if default is not None:
            doc = _comment(param, manager)
            module["params"].append({"name": param.name, "default": default, "doc": doc})


def _stand_in(port: Any, names: set[str]) -> str | None:
    """Why a port whose type is a parameter, one bit unless it is given, cannot be imported."""
    declared = port.internalSymbol.declaredType.typeSyntax if port.internalSymbol else None
    name = next((name for name in names if re.search(rf"\b{name}\b", str(declared))), None)
    return name and (
        f"port '{port.name}' has the type parameter {name}; give it with "
        f"--set param={name}=TYPE, such as logic[31:0]"
    )


def _is_keyword(word: str) -> bool:
    """Whether a word is a keyword of SystemVerilog."""
    tree = SyntaxTree.fromText(f"module m(input wire {word}); endmodule")
    return bool(word) and len(tree.diagnostics) > 0


def _refusal(port: Any) -> str | None:
    """Why a port is not a plain vector, or None if it is one."""
    if type(port).__name__ == "InterfacePortSymbol":
        return f"port '{port.name}' is an interface; write a wrapper with plain ports"
    if type(port).__name__ != "PortSymbol" or not port.name:
        return "a port of it is a concatenation without a name; name the port"
    if not _PLAIN_NAME.fullmatch(port.name):
        return f"port '{port.name}' has an escaped name; rename it"
    if _is_keyword(port.name):
        return f"port '{port.name}' is a keyword of SystemVerilog; rename it, or write a wrapper"
    kind = port.type
    if kind.isError:
        return f"port '{port.name}' has no type that can be resolved"
    if kind.isUnpackedArray:
        return f"port '{port.name}' is an unpacked array; write a wrapper with plain vectors"
    element = kind.canonicalType
    while element.isPackedArray:
        element = element.elementType.canonicalType
    if element.isStruct or element.isPackedUnion or element.isUnpackedUnion:
        return f"port '{port.name}' is a struct or union; write a wrapper with plain vectors"
    if not kind.isIntegral:
        return f"port '{port.name}' is of type {kind}; only vectors of bits can be bound"
    if port.direction.name not in _DIRECTIONS:
        return f"port '{port.name}' is a ref port; only input, output and inout can be bound"
    return None


def _expression(text: str) -> str | None:
    """A width as text over the parameters, from a port's declaration with one packed range."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    ranges = _RANGE.findall(text)
    if len(ranges) != 1 or text.count("[") != 1:
        return None
    high, low = (" ".join(part.split()) for part in ranges[0])
    if not re.fullmatch(r"[A-Za-z0-9_$ +\-*/%()]+", high + low):
        return None
    whole = re.fullmatch(r"(.+?) ?- ?1", high)
    if low == "0" and whole and whole[1].count("(") == whole[1].count(")"):
        return whole[1]
    return f"({high})-({low})+1"


def _default(param: Any) -> str | None:
    """A value parameter's default as text; None for types, reals and unknown bits."""
    value = getattr(param, "value", None)
    if value is None:
        return None
    text = str(param.syntax.initializer.expr).strip() if param.syntax.initializer else ""
    if re.fullmatch(r'"[^"\\\n]*"', text):
        return text
    try:
        return None if isinstance(value.value, float) else str(int(value.value))
    except (TypeError, ValueError):
        return None


def _comment(param: Any, manager: Any) -> str:
    """The // comment on a parameter's line, or an empty string."""
    source = manager.getSourceText(param.location.buffer)
    start = source.rfind("\n", 0, param.location.offset) + 1
    end = source.find("\n", param.location.offset)
    line = source[start : end if end >= 0 else len(source)]
    return " ".join(line.partition("//")[2].split())[:120]


def _errors_by_line(compilation: Any, manager: Any, engine: Any) -> dict[int, str]:
    errors: dict[int, str] = {}
    for diagnostic in compilation.getAllDiagnostics():
        if diagnostic.isError():
            line = int(manager.getLineNumber(diagnostic.location))
            errors.setdefault(line, _with_hint(diagnostic, engine))
    return errors


def _with_hint(diagnostic: Any, engine: Any) -> str:
    """The message of slang for a fault, with a remedy if there is a simple one."""
    code = str(diagnostic.code).removeprefix("DiagCode(").removesuffix(")")
    return str(engine.formatMessage(diagnostic)) + _HINTS.get(code, "")


if __name__ == "__main__":
    json.dump(read(json.load(sys.stdin)), sys.stdout)
