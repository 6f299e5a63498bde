"""Promises of the multi grader's formula and of the templates."""

import math
import random

import pytest

from rft.graders.formula import Formula, FormulaError
from rft.graders.template import MissingVariableError, render

VALUES = {"a": 0.25, "b": 0.75, "c_2": 0.0}
BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "^": 4}


def value(text):
    return Formula(text, VALUES.keys()).evaluate(VALUES)


def random_formula(rng, depth):
    """A formula's text, how tight its top operator binds (9: a word), and its value."""
    if depth == 0:
        name = rng.choice([*VALUES, "2", "0.5", "3"])
        return name, 9, VALUES[name] if name in VALUES else float(name)
    one, two = (random_formula(rng, rng.randrange(depth)) for _ in range(2))
    kind = rng.choice([*"+-*/^", "neg", "min", "max", "abs", "floor", "ceil", "exp", "sqrt", "log"])
    x, y = one[2], two[2]
    if kind in ("min", "max"):
        result = (x if x < y else y) if kind == "min" else (x if x > y else y)
        return f"{kind}({one[0]}, {two[0]})", 9, result
    if kind not in BINDING:
        functions = {"abs": lambda v: v if v > 0 else -v, "floor": math.floor, "ceil": math.ceil}
        return f"{kind}({one[0]})", 9, float((functions.get(kind) or getattr(math, kind))(x))
    tight = BINDING[kind]
    if kind == "neg":
        return "-" + (one[0] if one[1] >= tight else f"({one[0]})"), tight, -x
    result = {
        "+": lambda: x + y,
        "-": lambda: x - y,
        "*": lambda: x * y,
        "/": lambda: x / y,
        "^": lambda: math.exp(y * math.log(x)),
    }[kind]()
    left = one[0] if one[1] > tight or (one[1] == tight and kind != "^") else f"({one[0]})"
    right = two[0] if two[1] > tight or (two[1] == tight and kind == "^") else f"({two[0]})"
    return left + rng.choice(["", " "]) + kind + " " + right, tight, result


def test_200_random_formulas_have_the_value_that_their_own_tree_computes():
    rng, compared = random.Random(7), 0
    while compared < 200:
        try:
            text, _, expected = random_formula(rng, 5)
        except (ArithmeticError, ValueError):
            continue
        if math.isfinite(expected) and "^" in text:
            assert value(text) == pytest.approx(expected, rel=1e-9, abs=1e-12), text
            compared += 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-2^2", -4), ("2^3^2", 512), ("2^-1", 0.5), ("2*3^2", 18), ("(1+2)^2", 9), ("8/2/2", 2)],
)
def test_power_binds_and_groups_as_in_mathematics(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "a b", "(a", "a b +", "d", "A", "__import__('os')", "a.real", "a[0]", "[a][0]", "'a'",
        "a if a else b", "lambda: 1", "a**2", "a//b", "a%b", "a<b", "a and b", "not a", "~a", "a&b",
        "True", "None", "1j", "(a:=1)", "min()", "sqrt(a, b)", "min(*a)", "min(a, key=b)", "pow(a)",
        "min", "max(a)(b)", "f'{a}'", "{a}", "a;b", "a\nb", "1" * 400, "a+" * 1000 + "a",
        "a" * 3000, "(" * 500 + "a" + ")" * 500, "-" * 1500 + "a", "await a", "...", "a=b",
    ],
)  # fmt: skip
def test_what_is_not_a_formula_is_refused(text):
    with pytest.raises(FormulaError):
        Formula(text, VALUES.keys())


@pytest.mark.parametrize(
    "text",
    ["1/c_2", "9^9^9^9", "exp(1000)", "log(c_2)", "sqrt(a-b)", "(a-b)^0.5", "1e999", "c_2^-1"],
)
def test_a_formula_without_a_value_says_so_at_once(text):
    with pytest.raises((ArithmeticError, ValueError)):
        value(text)


def test_a_formula_knows_which_graders_it_uses():
    assert Formula("min(a, 1) + 0*b", VALUES.keys()).names == {"a", "b"}


ROW = {
    "item": {"code": "E11.9", "codes": ["I10", {"main": True}], "n": 3, "none": None, "é": "ü"},
    "sample": {"output_text": "{{item.code}}", "output_json": {"codes": ["I10"]}},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{item.code}}", "E11.9"),
        ("{{ item.codes[0] }}/{{item.codes[1].main}}", "I10/true"),
        ("{{item.codes.1.main}}", "true"),
        ("{{item.codes}}", '["I10",{"main":true}]'),
        ("{{item.n}} {{item.none}} {{item.é}}", "3 null ü"),
        ("{{sample.output_json.codes[0]}}", "I10"),
        ("no { braces }} here {{", "no { braces }} here {{"),
    ],
)
def test_templates_reach_into_item_and_sample(text, expected):
    assert render(text, ROW) == expected


def test_an_answer_that_holds_a_template_is_not_expanded():
    assert render("{{sample.output_text}}", ROW) == "{{item.code}}"


@pytest.mark.parametrize(
    "text",
    ["{{item.x}}", "{{item.codes[2]}}", "{{code}}", "{{}}", "{{item.code.x}}", "{{ item code }}",
     "{{item.codes[-1]}}", "{{sample.output_json.__class__}}"],
)  # fmt: skip
def test_a_template_without_its_variable_is_an_error(text):
    with pytest.raises(MissingVariableError):
        render(text, ROW)
