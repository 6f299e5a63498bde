"""OpenAI's grader JSON as strict models: read, checked, hashed, and written for a vendor."""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, TypeAdapter, ValidationError

from rft.errors import UserError
from rft.graders import template
from rft.graders.formula import Formula, FormulaError

HOSTED_PACKAGES = (
    "numpy", "scipy", "sympy", "pandas", "rapidfuzz", "sklearn", "rouge_score", "deepdiff",
    "jsonschema", "pydantic", "yaml", "nltk", "sqlparse", "rdkit", "skbio", "ast_grep_py",
)  # fmt: skip
"""What the hosted image of 2025-05-08 lets a grader import beside the standard library."""
MAX_SOURCE_BYTES = 256_000
_UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class StringCheck(_Strict):
    """1 if the rendered input relates to the reference as `operation` says, else 0."""

    type: Literal["string_check"]
    name: str
    operation: Literal["eq", "ne", "like", "ilike"]
    input: str
    reference: str


class TextSimilarity(_Strict):
    """How like the reference the rendered input is, in [0, 1]."""

    type: Literal["text_similarity"]
    name: str
    input: str
    reference: str
    evaluation_metric: Literal[
        "fuzzy_match", "bleu", "gleu", "meteor", "cosine",
        "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l",
    ]  # fmt: skip
    pass_threshold: float | None = None


class PythonGrader(_Strict):
    """A source with grade(sample, item) -> float, as the hosted image runs it."""

    type: Literal["python"]
    name: str
    source: str
    image_tag: str | None = None
    _file: str = PrivateAttr("source")


class LocalGrader(_Strict):
    """Ours: the same function, run with all the project has; in `parts`, never in the reward."""

    type: Literal["local"]
    name: str
    source: str
    _file: str = PrivateAttr("source")


Leaf = StringCheck | TextSimilarity | PythonGrader | LocalGrader


class MultiGrader(_Strict):
    """Several graders by key, and the formula that makes one reward of them."""

    type: Literal["multi"]
    name: str | None = None
    graders: dict[str, Annotated[Leaf, Field(discriminator="type")]]
    calculate_output: str


Spec = StringCheck | TextSimilarity | PythonGrader | MultiGrader
_ADAPTER: TypeAdapter[Leaf | MultiGrader] = TypeAdapter(
    Annotated[Leaf | MultiGrader, Field(discriminator="type")]
)


def load_spec(path: Path) -> Spec:
    """Read a grader JSON file and put the files its "file://..." sources name in their place.

    Such a name is relative to the JSON file and stays inside its folder. Raises UserError, one
    sentence with the file, the path inside the JSON and the remedy.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; write the grader's JSON there.") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}, line {error.lineno}: no valid JSON: {error.msg}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}.") from None
    return parse_spec(data, where=str(path), folder=path.parent)


def parse_spec(data: Any, where: str = "grader", folder: Path | None = None) -> Spec:
    """As load_spec, from JSON data. Without a `folder` no "file://" source is allowed."""
    try:
        spec = _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise UserError(f"{where}: {_explain(error)}") from None
    if isinstance(spec, LocalGrader):
        raise UserError(f"{where}: type: a local grader gives no reward; put it inside a multi.")
    if not hosted_leaves(spec):
        raise UserError(f"{where}: graders: at least one must be other than local; add one.")
    for key, leaf in leaves(spec).items():
        start = f"{where}: graders.{key}." if key else f"{where}: "
        if isinstance(leaf, PythonGrader | LocalGrader):
            _inline(leaf, f"{start}source", folder)
        if isinstance(leaf, TextSimilarity) and leaf.evaluation_metric != "fuzzy_match":
            raise UserError(
                f"{start}evaluation_metric: {leaf.evaluation_metric!r} arrives with a later "
                "version of this project; use 'fuzzy_match' or a python grader."
            )
    return spec


def leaves(spec: Spec) -> dict[str, Leaf]:
    """All graders by their key; a grader that stands alone has the key ""."""
    return dict(spec.graders) if isinstance(spec, MultiGrader) else {"": spec}


def hosted_leaves(spec: Spec) -> dict[str, Leaf]:
    """The graders that make the reward, by key."""
    return {k: leaf for k, leaf in leaves(spec).items() if not isinstance(leaf, LocalGrader)}


def hosted(spec: Spec) -> dict[str, Any]:
    """The JSON to send to a vendor: without the local graders; a multi that only passes one
    grader's reward on becomes that grader."""
    if not isinstance(spec, MultiGrader):
        return spec.model_dump(exclude_none=True)
    kept = hosted_leaves(spec)
    if len(kept) == 1 and spec.calculate_output.strip() in kept:
        return kept[spec.calculate_output.strip()].model_dump(exclude_none=True)
    return spec.model_copy(update={"graders": kept}).model_dump(exclude_none=True)


def spec_hash(spec: Spec) -> str:
    """sha256 (hex) of the canonical JSON with all sources in it, local graders included."""
    text = json.dumps(spec.model_dump(exclude_none=True), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def problems(spec: Spec) -> list[str]:
    """What the platform would refuse or score 0, in sentences; [] if it is fit to be sent."""
    found: list[str] = []
    for key, leaf in leaves(spec).items():
        label = key or leaf.name
        if isinstance(leaf, PythonGrader | LocalGrader):
            found += _source_problems(leaf, label)
        else:
            found += [
                f"{label}: a template reads {'.'.join(path)!r}; it must start with item or sample."
                for path in template.paths(leaf.input) + template.paths(leaf.reference)
                if path[0] not in ("item", "sample")
            ]
    if isinstance(spec, MultiGrader):
        found += [
            f"graders.{key}: a formula cannot name it; use letters, digits and underscores."
            for key in spec.graders
            if not key.isidentifier()
        ]
        found += _formula_problems(spec)
    return found


def referenced_fields(spec: Spec) -> set[str]:
    """The top-level fields of the row that the graders read, as far as the text shows it.

    Seen are {{item.x}} in templates and, in sources, item["x"] and item.get("x") on the second
    parameter of grade and explain, also in helper functions that are handed the item. Not seen are
    computed names, copies of the item, and items handed on by keyword.
    """
    fields: set[str] = set()
    for leaf in leaves(spec).values():
        if isinstance(leaf, PythonGrader | LocalGrader):
            fields |= _source_fields(leaf.source)
        else:
            read = template.paths(leaf.input) + template.paths(leaf.reference)
            fields |= {path[1] for path in read if path[0] == "item" and len(path) > 1}
    return fields


def _explain(error: ValidationError) -> str:
    """The first fault as a sentence that names the path inside the JSON and the remedy."""
    fault = error.errors(include_url=False)[0]
    kind, context = fault["type"], fault.get("ctx", {})
    # A union puts the chosen type into the path: first of all, and behind a key of `graders`.
    steps = [str(step) for i, step in enumerate(fault["loc"]) if i not in (0, 3)]
    path = ".".join([*steps, "type"] if kind.startswith("union_tag") else steps)
    start = f"{path}: " if path else ""
    given = fault["input"]
    if kind == "union_tag_not_found":
        return f'{start}the field is missing; add it, for example "type": "python".'
    if kind == "union_tag_invalid":
        tag = context["tag"]
        if tag == "multi":
            return f"{start}a multi grader cannot stand inside another; put its graders here."
        if tag in ("score_model", "label_model"):
            return f"{start}{tag!r}: judges arrive with a later version; take this one out for now."
        known = context["expected_tags"].replace("'", "")
        return f"{start}{tag!r} is no grader type; use one of {known}."
    if kind == "literal_error":
        options = context["expected"].replace("'", "").replace(" or ", ", ")
        near = difflib.get_close_matches(str(given), options.split(", "), 1, 0.5)
        remedy = f"use {near[0]!r}" if near else "use one of these"
        return f"{start}{given!r} is not one of {options}; {remedy}."
    if kind == "missing":
        return f"{start}the field is missing; add it."
    if kind == "extra_forbidden":
        return f"{start}the contract has no such field; remove it or mend its spelling."
    wanted = fault["msg"].removeprefix("Input should be ")
    return f"{start}{json.dumps(given, default=str)[:60]} stands where {wanted} must stand."


def _inline(leaf: PythonGrader | LocalGrader, where: str, folder: Path | None) -> None:
    if not leaf.source.startswith("file://"):
        return
    name = leaf.source.removeprefix("file://")
    if folder is None:
        raise UserError(f"{where}: {leaf.source!r} cannot be read here; give the source itself.")
    try:
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise UserError(f"{where}: {name!r} lies outside {folder}; move the file into it.")
        if file.stat().st_size >= MAX_SOURCE_BYTES:
            raise UserError(f"{where}: {name!r} has 256 kB or more; make it smaller.")
        leaf.source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{where}: {name!r} in {folder} cannot be read: {error}.") from None
    leaf._file = name


def _source_problems(leaf: PythonGrader | LocalGrader, label: str) -> list[str]:
    file = f"{label}: {leaf._file}"
    try:
        tree = ast.parse(leaf.source)
    except _UNPARSABLE as error:
        line = getattr(error, "lineno", None) or 1
        return [f"{file}, line {line}: no valid Python: {getattr(error, 'msg', error)}."]
    found = []
    if len(leaf.source.encode(errors="replace")) >= MAX_SOURCE_BYTES:
        found.append(f"{file}: the source has 256 kB or more; make it smaller.")
    grade = _functions(tree).get("grade")
    if grade is None:
        found.append(f"{file}: it defines no function grade; write def grade(sample, item).")
    elif len(_parameters(grade)) != 2 or grade.args.vararg or grade.args.kwarg:
        found.append(
            f"{file}, line {grade.lineno}: grade must have exactly two parameters, sample and item."
        )
    if isinstance(leaf, PythonGrader):
        found += [
            f"{file}, line {line}: imports {name!r}, which the hosted image does not have; use the "
            "standard library or one of its packages, or make it a local grader."
            for line, name in _imports(tree)
            if name not in HOSTED_PACKAGES and name not in sys.stdlib_module_names
        ]
    return found


def _imports(tree: ast.Module) -> list[tuple[int, str]]:
    """(line, top-level name) of every import; a relative one has its dots as the name."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.partition(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, "." * node.level or str(node.module).partition(".")[0]))
    return sorted(found)


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _parameters(function: ast.FunctionDef) -> list[str]:
    args = function.args
    return [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]


def _source_fields(source: str) -> set[str]:
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


def _formula_problems(spec: MultiGrader) -> list[str]:
    try:
        formula = Formula(spec.calculate_output, hosted_leaves(spec).keys())
    except FormulaError as error:
        return [f"calculate_output: {error}; local graders do not count."]
    unused = hosted_leaves(spec).keys() - formula.names
    return [f"calculate_output: it does not use {key!r}; use it or remove it." for key in unused]
