"""What the source of a python or local grader says about itself, without running it."""

from __future__ import annotations

import ast
import sys

HOSTED_PACKAGES = (
    "numpy", "scipy", "sympy", "pandas", "rapidfuzz", "sklearn", "rouge_score", "deepdiff",
    "jsonschema", "pydantic", "yaml", "nltk", "sqlparse", "rdkit", "skbio", "ast_grep_py",
)  # fmt: skip
"""What the hosted image of 2025-05-08 lets a grader import beside the standard library."""
MAX_SOURCE_BYTES = 256_000
_UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def source_problems(source: str, file: str, *, hosted: bool) -> list[str]:
    """What the platform would not run, in sentences.

    `file`: how they call the source. `hosted`: it runs in the vendor's image.
    """
    try:
        tree = ast.parse(source)
    except _UNPARSABLE as error:
        line = getattr(error, "lineno", None) or 1
        return [f"{file}, line {line}: not valid Python: {getattr(error, 'msg', error)}; fix it."]
    problems = []
    if len(source.encode(errors="replace")) >= MAX_SOURCE_BYTES:
        problems.append(f"{file}: the source has 256 kB or more; make it smaller.")
    grade = _functions(tree).get("grade")
    if grade is None:
        problems.append(f"{file}: it defines no function grade; write def grade(sample, item).")
    elif len(_parameters(grade)) != 2 or grade.args.vararg or grade.args.kwarg:
        problems.append(
            f"{file}, line {grade.lineno}: grade must have exactly two parameters, sample and item."
        )
    if hosted:
        problems += [
            f"{file}, line {line}: imports {name!r}, which the hosted image does not have; use the "
            "standard library or one of its packages, or make it a local grader."
            for line, name in _imports(tree)
            if name not in HOSTED_PACKAGES and name not in sys.stdlib_module_names
        ]
    return problems


def imported_packages(source: str) -> set[str]:
    """Top-level names that a source imports and Python itself does not have."""
    return {name for _, name in _imports(ast.parse(source))} - sys.stdlib_module_names


def _imports(tree: ast.Module) -> list[tuple[int, str]]:
    """(line, top-level name) of every import; a relative one has its dots as the name."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [(node.lineno, alias.name.partition(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append((node.lineno, "." * node.level or str(node.module).partition(".")[0]))
    return sorted(names)


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _parameters(function: ast.FunctionDef) -> list[str]:
    args = function.args
    return [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]


def source_fields(source: str) -> set[str]:
    """The row's fields that grade and explain read by a constant name (see referenced_fields)."""
    try:
        functions = _functions(ast.parse(source))
    except _UNPARSABLE:
        return set()
    todo = [(name, 1) for name in ("grade", "explain")]
    seen: set[tuple[str, int]] = set()
    fields: set[str] = set()
    while todo:
        name, position = call = todo.pop()
        function = functions.get(name)
        if call in seen or not function or position >= len(_parameters(function)):
            continue
        seen.add(call)
        item = _parameters(function)[position]
        for node in ast.walk(function):
            match node:
                case (
                    ast.Subscript(value=ast.Name(id=owner), slice=ast.Constant(value=str(field)))
                    | ast.Call(
                        func=ast.Attribute(value=ast.Name(id=owner), attr="get"),
                        args=[ast.Constant(value=str(field)), *_],
                    )
                ) if owner == item:
                    fields.add(field)
                case ast.Call(func=ast.Name(id=helper), args=args):
                    todo += [
                        (helper, i)
                        for i, arg in enumerate(args)
                        if isinstance(arg, ast.Name) and arg.id == item
                    ]
    return fields
