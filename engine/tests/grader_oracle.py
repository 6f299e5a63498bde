"""A second implementation of the grader contract, to compare the engine with.

Written from the contract's text and nothing of the engine's: templates by cutting at braces, the
formula by recursive descent, texts by the libraries themselves, judges and python graders by what
the test made them say. Local choices (how words are split, that a reward is clipped) are marked.
"""

import json
import math
from collections.abc import Callable
from typing import ClassVar

FLAGGED = {"float('nan')", "True", "'1'", "1 / 0", "None"}
PYTHON = {
    "0.5": lambda s, i: 0.5,
    "min(1.0, len(sample['output_text']) / 20)": lambda s, i: min(1.0, len(s["output_text"]) / 20),
    "float(item['gold'] in sample['output_text'])": lambda s, i: float(
        i["gold"] in s["output_text"]
    ),
    "sample['output_json']['n'] / 10": lambda s, i: s["output_json"]["n"] / 10,
    "2.5": lambda s, i: 2.5,
}
"""Expressions that a python grader returns, and what they are; FLAGGED ones are invalid."""


class Missing(Exception):
    """A template names what is not there."""


class NoFormula(Exception):
    """The text is outside the grammar."""


def fill(text, sample, item):
    """The contract's 1.3: {{ namespace.path }}, keys and indexes, anything missing is an error."""
    head, *rest = text.split("{{")
    for piece in rest:
        inside, _, tail = piece.partition("}}")
        value = {"sample": sample, "item": item}
        for step in inside.strip().replace("]", "").replace("[", ".").split("."):
            try:
                value = value[int(step)] if isinstance(value, list) else value[step]
            except (KeyError, IndexError, TypeError, ValueError):
                raise Missing(inside) from None
        compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
        head += value if isinstance(value, str) else compact.encode(value)
        head += tail
    return head


def similarity(metric, given, reference):
    """The contract's metric names, by the library of each; words are split at white space."""
    if metric == "fuzzy_match":
        from rapidfuzz.distance import Indel

        return Indel.normalized_similarity(given, reference)
    if metric == "bleu":
        from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

        known = {"smoothing_function": SmoothingFunction().method1, "auto_reweigh": True}
        return sentence_bleu([reference.split()], given.split(), **known)
    if metric == "gleu":
        from nltk.translate.gleu_score import sentence_gleu

        return sentence_gleu([reference.split()], given.split())
    from rouge_score import rouge_scorer

    name = {"rouge_l": "rougeL"}.get(metric, "rouge" + metric[-1])
    return rouge_scorer.RougeScorer([name]).score(target=reference, prediction=given)[name].fmeasure


def check(operation, given, reference):
    table = {
        "eq": given == reference,
        "ne": given != reference,
        "like": given.find(reference) >= 0,
        "ilike": given.lower().find(reference.lower()) >= 0,
    }
    return 1.0 if table[operation] else 0.0


def judged(leaf, prompt, said):
    """(score, flag) of what the judge said to this prompt; None: no score is to be had."""
    kind, result = said(prompt)
    if kind == "down":
        return None, "model_grader_server_error"
    if kind == "refusal":
        return 0.0, "model_grader_refusal_error"
    if leaf["type"] == "label_model":
        if result not in leaf["labels"]:  # ours: the platform scores 0, here and below
            return None, "model_grader_parse_error"
        return (1.0 if result in leaf["passing_labels"] else 0.0), None
    if type(result) not in (int, float):
        return None, "model_grader_parse_error"
    low, high = leaf.get("range", [0, 1])
    return (low if result < low else high if result > high else result), None


def part(leaf, sample, item, said):
    """(score or None, flag or None) of one grader."""
    if leaf["type"] == "python":
        expression = leaf["source"].split("return ")[1].strip()
        if expression in FLAGGED:
            return 0.0, "python_grader_runtime_error"
        try:
            return PYTHON[expression](sample, item), None
        except (KeyError, TypeError):
            return 0.0, "python_grader_runtime_error"
    try:
        if leaf["type"] in ("score_model", "label_model"):
            prompt = "\n".join(fill(m["content"], sample, item) for m in leaf["input"])
            return judged(leaf, prompt, said)
        given = fill(leaf["input"], sample, item)
        reference = fill(leaf["reference"], sample, item)
    except Missing:
        return 0.0, "invalid_variable_error"
    if leaf["type"] == "string_check":
        return check(leaf["operation"], given, reference), None
    return similarity(leaf["evaluation_metric"], given, reference), None


def grading(spec, sample, item, said):
    """(reward or None, {key: score}, set of flags)."""
    leaves = spec["graders"] if spec["type"] == "multi" else {"": spec}
    scored = {key: part(leaf, sample, item, said) for key, leaf in leaves.items()}
    flags = {flag for _, flag in scored.values() if flag}
    parts = {key: score for key, (score, _) in scored.items() if score is not None}
    if len(parts) < len(leaves):
        return None, parts, flags
    if spec["type"] != "multi":
        reward = parts.pop("")
    else:
        try:
            reward = Formula(spec["calculate_output"], parts).value()
        except NoFormula:
            return 0.0, parts, flags | {"formula_parse_error"}
        except (ArithmeticError, ValueError):
            return 0.0, parts, flags | {"other_error"}
    if not 0 <= reward <= 1:  # ours: the platform takes it as it is
        return (0.0 if reward < 0 else 1.0), parts, flags | {"other_error"}
    return reward, parts, flags


class Formula:
    """sum := product (+- product)*; product := sign (*/ sign)*; sign := -sign | power;
    power := atom (^ sign)?; atom := number | name | name(sum, ...) | (sum)."""

    FUNCTIONS: ClassVar[dict[str, Callable[..., float]]] = {
        "min": min, "max": max, "abs": abs, "floor": math.floor, "ceil": math.ceil,
        "exp": math.exp, "sqrt": math.sqrt, "log": math.log,
    }  # fmt: skip

    def __init__(self, text, names):
        for mark in "+-*/^(),":
            text = text.replace(mark, f" {mark} ")
        self.words, self.at, self.names = [*text.split(), ""], 0, names

    def value(self):
        tree = self.sum()
        if self.words[self.at]:
            raise NoFormula
        result = tree()
        if not math.isfinite(result):
            raise OverflowError
        return result

    def take(self, *wanted):
        if self.words[self.at] in wanted:
            self.at += 1
            return self.words[self.at - 1]
        return None

    def sum(self):
        left = self.product()
        while mark := self.take("+", "-"):
            left = self.pair(mark, left, self.product())
        return left

    def product(self):
        left = self.sign()
        while mark := self.take("*", "/"):
            left = self.pair(mark, left, self.sign())
        return left

    def sign(self):
        if self.take("-"):
            inner = self.sign()
            return lambda: -inner()
        base = self.atom()
        return self.pair("^", base, self.sign()) if self.take("^") else base

    @staticmethod
    def pair(mark, one, two):
        return {
            "+": lambda: one() + two(),
            "-": lambda: one() - two(),
            "*": lambda: one() * two(),
            "/": lambda: one() / two(),
            "^": lambda: math.pow(one(), two()),
        }[mark]

    def atom(self):
        word = self.words[self.at]
        self.at += 1
        if word == "(":
            inner = self.sum()
            return inner if self.take(")") else self.fail()
        if word in self.FUNCTIONS and self.take("("):
            given = [self.sum()]
            while self.take(","):
                given.append(self.sum())
            if not self.take(")") or (len(given) > 1 and word not in ("min", "max")):
                self.fail()
            if word in ("min", "max") and len(given) == 1:
                return given[0]
            return lambda: float(self.FUNCTIONS[word](*[g() for g in given]))
        if word in self.names:
            return lambda: float(self.names[word])
        if word.replace(".", "", 1).isdigit():
            return lambda: float(word)
        return self.fail()

    def fail(self):
        raise NoFormula
