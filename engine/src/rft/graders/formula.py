"""The arithmetic of a multi grader's `calculate_output`; parsed and walked, never eval'ed."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping

Values = Mapping[str, float]
_MAX_LENGTH, _MAX_DEPTH = 2000, 200
_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "abs": abs,
    "floor": lambda value: float(math.floor(value)),
    "ceil": lambda value: float(math.ceil(value)),
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}


class FormulaError(Exception):
    """The text is not a formula of the contract; the message says why, without a full stop."""


class Formula:
    """A parsed `calculate_output`, such as "0.6*a + 0.4*b".

    The grammar is numbers, names, + - * / ^, brackets and the functions min, max, abs, floor,
    ceil, exp, sqrt, log (natural). `^` is power: it binds tighter than a sign and groups to the
    right, so -2^2 is -4 and 2^3^2 is 512. Every number is a float, so no power can grow without
    bound: it overflows.

    `known`: the names that may be used. Raises FormulaError.
    """

    def __init__(self, text: str, known: Collection[str]) -> None:
        root = _parse(text)
        self._value = _build(root, known, 0)
        self._linear = _linear(root)
        names = {node.id for node in ast.walk(root) if isinstance(node, ast.Name)}
        self.names = names & set(known)

    def without(self, absent: Collection[str], values: Values) -> float:
        """The value over what was graded, where some graders are absent.

        Only a weighted sum such as 0.6*a + 0.4*b has one: the weights of the others are scaled up
        to the same total. Raises FormulaError for any other formula.
        """
        constant, weights = self._linear or (1.0, {})
        kept = math.fsum(w for name, w in weights.items() if name not in absent)
        if constant or kept <= 0:
            names = ", ".join(sorted(absent))
            raise FormulaError(f"it is not a weighted sum, so it cannot do without {names}")
        value = math.fsum(w * values[n] for n, w in weights.items() if n not in absent)
        return value * math.fsum(weights.values()) / kept

    def evaluate(self, values: Values) -> float:
        """The value for these parts.

        Raises ArithmeticError or ValueError where there is none: a division by zero, an overflow,
        the root or logarithm of a negative number, a result that is NaN or infinite.
        """
        result = self._value(values)
        if not math.isfinite(result):
            raise OverflowError("the result is not a finite number")
        return result


def _parse(text: str) -> ast.expr:
    if len(text) > _MAX_LENGTH:
        raise FormulaError(f"it is longer than {_MAX_LENGTH} characters")
    if "**" in text:
        raise FormulaError("power is written ^, not **")
    try:
        # With ** in place of ^ Python's own precedence of power is the conventional one.
        return ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"it cannot be parsed ({error.msg})") from None
    except (ValueError, MemoryError, RecursionError):
        raise FormulaError("it cannot be parsed") from None


def _build(node: ast.expr, known: Collection[str], depth: int) -> Callable[[Values], float]:
    """The function that computes this node; raises FormulaError for what the grammar lacks."""
    if depth > _MAX_DEPTH:
        raise FormulaError(f"it is nested deeper than {_MAX_DEPTH} levels")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            try:
                constant = float(number)
            except OverflowError:
                raise FormulaError("a number in it is too large") from None
            return lambda values: constant
        case ast.Name(id=name):
            if name not in known:
                raise FormulaError(f"{name!r} is not among its graders ({', '.join(known)})")
            return lambda values: float(values[name])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            function, operands = _OPERATORS[type(op)], [left, right]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            function, operands = _OPERATORS[type(op)], [operand]
        case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]) if name in _FUNCTIONS:
            if not operands or (len(operands) > 1 and name not in ("min", "max")):
                raise FormulaError(f"{name} cannot have {len(operands)} arguments")
            function = _FUNCTIONS[name]
        case _:
            raise FormulaError(f"only + - * / ^ and {', '.join(_FUNCTIONS)} are allowed")
    parts = [_build(operand, known, depth + 1) for operand in operands]
    return lambda values: function(*[part(values) for part in parts])


def _linear(node: ast.expr) -> tuple[float, dict[str, float]] | None:
    """(constant, weight of each name) of a weighted sum; None for every other formula."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number), {}
        case ast.Name(id=name):
            return 0.0, {name: 1.0}
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            return _scaled(_linear(operand), -1.0 if isinstance(sign, ast.USub) else 1.0)
        case ast.BinOp(left=left, op=op, right=right):
            one, two = _linear(left), _linear(right)
            if one is None or two is None:
                return None
            match op:
                case ast.Add() | ast.Sub():
                    two = _scaled(two, -1.0 if isinstance(op, ast.Sub) else 1.0)
                    assert two
                    names = one[1].keys() | two[1].keys()
                    return one[0] + two[0], {n: one[1].get(n, 0) + two[1].get(n, 0) for n in names}
                case ast.Mult() if not one[1] or not two[1]:
                    return _scaled(two, one[0]) if not one[1] else _scaled(one, two[0])
                case ast.Div() if not two[1] and two[0]:
                    return _scaled(one, 1 / two[0])
    return None


def _scaled(
    linear: tuple[float, dict[str, float]] | None, by: float
) -> tuple[float, dict[str, float]] | None:
    return linear and (linear[0] * by, {name: weight * by for name, weight in linear[1].items()})
