"""200 random grader JSONs: rewards, parts and flags equal those of a second implementation."""

import json
import random
from pathlib import Path

import pytest

from rft.config import Settings
from rft.graders import Grader, Judge, model_graders, parse_spec
from rft.records import Sample
from tests import grader_oracle
from tests.endpoint import completion

pytest.importorskip("nltk", reason="needs the extra 'text'")
pytest.importorskip("rouge_score", reason="needs the extra 'text'")

SEED, GRADERS, SAMPLES = 3, 200, 5
TEXT = "the code E11.9 is for diabetes without any complication, Codes: I10 ü {{item.gold}}"
WORDS = TEXT.split()
METRICS = ("fuzzy_match", "bleu", "gleu", *(f"rouge_{n}" for n in (1, 2, 3, 4, 5, "l")))
ITEM_PATHS = ("gold", "codes", "codes[1]", "deep.list[0].x", "n", "none", "absent", "codes[9]")
SAMPLE_PATHS = ("output_text", "output_json.n", "output_json", "choices[0].message.content")


def text(rng, most=9):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(most)))


def template(rng, usual):
    """Mostly the usual path, at times another or none, with words around it."""
    path = usual
    if rng.random() < 0.15:
        path = "item." + rng.choice(ITEM_PATHS)
    elif rng.random() < 0.2:
        path = "sample." + rng.choice(SAMPLE_PATHS)
    pad = rng.choice(["", " "])
    around = rng.choice(["{}", "{}", "{}", "code {}", "{} " + path.replace(".", " ")])
    return around.format("{{" + pad + path + pad + "}}")


def messages(rng):
    usual = [("system", "item.gold"), ("user", "sample.output_text")]
    return [{"role": role, "content": template(rng, path)} for role, path in usual]


def leaf(rng, kind):
    made = {"type": kind, "name": "x"}
    if kind == "python":
        body = rng.choice([*grader_oracle.PYTHON, *sorted(grader_oracle.FLAGGED)])
        return made | {"source": f"def grade(sample, item):\n    return {body}\n"}
    if kind == "label_model":
        made |= {"labels": ["good", "fair", "bad"], "passing_labels": ["good", "fair"]}
    elif kind == "score_model" and rng.random() < 0.5:
        made["range"] = rng.choice([[0, 0.5], [1, 5], [-1.5, 1]])
    if kind in ("score_model", "label_model"):
        return made | {"model": "j", "input": messages(rng)}
    if kind == "string_check":
        made["operation"] = rng.choice(["eq", "ne", "like", "ilike"])
    else:
        made["evaluation_metric"] = rng.choice(METRICS)
    pair = template(rng, "sample.output_text"), template(rng, "item.gold")
    return made | dict(zip(("input", "reference"), pair, strict=True))


def formula(rng, names, depth=3):
    if depth == 0 or rng.random() < 0.15:
        return rng.choice([*names, *names, "0.5", "2", "1"])
    one, two = (formula(rng, names, depth - 1) for _ in range(2))
    kind = rng.choice([*"++--***/^", "neg", "min", "max", "abs", "floor", "sqrt", "log", "exp"])
    if kind == "neg":
        return f"-({one})"
    if kind in ("min", "max"):
        return f"{kind}({one}, {two})"
    return f"{kind}({one})" if kind.isalpha() else f"({one}) {kind} ({two})"


def grader_json(rng):
    kinds = ["string_check", "text_similarity", "python", "score_model"]
    if rng.random() < 0.4:
        return leaf(rng, rng.choice(kinds))
    keys = ["a", "b", "c_3"][: rng.randrange(1, 4)]
    kinds += ["string_check", "text_similarity", "label_model"]
    graders = {key: leaf(rng, rng.choice(kinds)) for key in keys}
    total = " + ".join(f"{round(1 / len(keys), 3)}*{key}" for key in keys)
    output = rng.choice([total, total, formula(rng, keys), formula(rng, keys), total + " +"])
    return {"type": "multi", "graders": graders, "calculate_output": output}


def item(rng):
    deep = {"list": [{"x": text(rng, 4)}]}
    return {"gold": text(rng), "codes": ["I10", text(rng, 3)], "deep": deep, "n": 7, "none": None}


def answer(rng, row):
    noisy = row["gold"].split()
    rng.shuffle(noisy)
    numbers = json.dumps({"n": rng.choice([0, 4, 12, "x"])})
    return rng.choice([row["gold"], row["gold"].upper(), " ".join(noisy), text(rng), numbers, ""])


def said(prompt):
    """What the judge says to a prompt: (kind, result), the same for the same prompt."""
    rng = random.Random(prompt)
    wild = [("down", None), ("refusal", None), ("", "0.5"), ("", True), ("", None)]
    return rng.choice([*wild, *[("", n) for n in (0, 0.4, 1, 3, -2, 9.5, "good", "bad", "best")]])


def reply(asked):
    kind, result = said("\n".join(m["content"] for m in asked["messages"]))
    if kind == "down":
        return 500, "down", {}
    if kind == "refusal":
        return 200, completion(None, refusal="no"), {}
    return 200, completion(json.dumps({"result": result, "steps": []})), {}


@pytest.mark.slow
def test_200_random_graders_agree_with_the_oracle_on_rewards_parts_and_flags(endpoint):
    endpoint.reply = reply
    settings = {
        "root": Path(),
        "project": {"name": "n", "use_case": "u"},
        "judge": {"base_url": endpoint.url},
        "sampling": {"max_retries": 0},
    }
    rng = random.Random(SEED)
    seen: dict[str, int] = {}
    for _ in range(GRADERS):
        data = grader_json(rng)
        spec = parse_spec(data)
        judge = Judge.of(Settings.model_validate(settings)) if model_graders(spec) else None
        with Grader(spec, workers=1, judge=judge) as grader:
            for _ in range(SAMPLES):
                row = item(rng)
                sample = Sample(output_text=answer(rng, row), finish_reason="stop").for_grader()
                reward, parts, flags = grader_oracle.grading(data, sample, row, said)
                found = grader.grade(sample, row)
                assert found.reward == (reward and pytest.approx(reward, abs=1e-12)), data
                assert found.parts == pytest.approx(parts, abs=1e-12), data
                assert set(found.errors) == flags, data
                for flag in flags or {"none" if 0 < (reward or 0) < 1 else "none, 0 or 1"}:
                    seen[flag] = seen.get(flag, 0) + 1
    assert len(seen) == 9, seen  # every flag that a grader can set here was met
