"""A toy project for engine tests: spell a word backwards."""

from __future__ import annotations

import json
from pathlib import Path

SCHEMA = """
from pydantic import BaseModel, ConfigDict

class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    word: str
    messages: list[dict[str, str]]
    reference_answer: str

class Answer(BaseModel):
    backwards: str

def messages(item):
    return [
        {"role": "developer", "content": "Spell the word backwards, as JSON."},
        {"role": "user", "content": item.word},
    ]

def gold(item):
    return Answer(backwards=item.reference_answer)

def slices(item):
    return {"length": str(len(item.word))}
"""

GRADER = '''
import json

def grade(sample, item):
    """1 for the right answer, else half of the share of letters that stand right."""
    try:
        found = json.loads(sample["output_text"])["backwards"]
        gold = item["reference_answer"]
        if found == gold:
            return 1.0
        return 0.5 * sum(a == b for a, b in zip(found, gold)) / max(len(found), len(gold))
    except Exception:
        return 0.0

def explain(sample, item):
    return {"exact": float(grade(sample, item) == 1.0)}
'''

FLOORS = """
import json

def floors(item):
    return {"empty": "", "forwards": json.dumps({"backwards": item["word"]})}
"""

IMPORTER = """
from dataclasses import dataclass

OPTIONS = {"prefix": "put before each id"}

@dataclass
class Problem:
    file: str
    line: int | None
    message: str

def load(paths, options):
    for path in paths:
        for number, word in enumerate(path.read_text().split(), start=1):
            if word.isalpha():
                gold = word[::-1] if len(word) > 2 else None
                ident = f"{options.get('prefix', '')}{word}"
                yield {"id": ident, "word": word, "reference_answer": gold}
            else:
                yield Problem(path.name, number, f"'{word}' is not a word; remove it.")
"""

WORDS = {
    "train": "amber birch cedar delta ember flint grove heron inlet jolly karst lemon "
    "mango noble ocean pearl quill raven slate tulip umber vivid",
    "validation": "adobe basil coral denim",
    "test": "apple bread cloud dream",
}

TOML = """
[project]
name = "toy"
use_case = "toy"
[endpoint]
profile = "{profile}"
{base_url}
[models]
base = "toy-model"
[sampling]
samples_per_item = 2
concurrency = 2
max_retries = 2
"""


def row(word: str) -> dict[str, object]:
    """One row of the toy task."""
    return {
        "id": word,
        "word": word,
        "messages": [
            {"role": "developer", "content": "Spell the word backwards, as JSON."},
            {"role": "user", "content": word},
        ],
        "reference_answer": word[::-1],
    }


def make_project(root: Path, profile: str = "compatible", base_url: str = "") -> Path:
    """Write the toy project into `root`."""
    data = root / "task" / "data"
    data.mkdir(parents=True)
    address = f'base_url = "{base_url}"' if base_url else ""
    (root / "rft.toml").write_text(TOML.format(profile=profile, base_url=address))
    task = root / "task"
    for name, text in (
        ("schema.py", SCHEMA),
        ("grader.py", GRADER),
        ("floors.py", FLOORS),
        ("importer.py", IMPORTER),
    ):
        (task / name).write_text(text)
    spec = {"type": "python", "name": "toy", "source": "file://grader.py"}
    (task / "grader.json").write_text(json.dumps(spec))
    probe = {"item_id": "adobe", "why": "it is known"}
    right, empty = '{"backwards": "eboda"}', ""
    probes = [
        {"name": "gold", "output_text": right, "min": 1, "max": 1, **probe},
        {"name": "empty", "output_text": empty, "min": 0, "max": 0, **probe},
    ]
    (task / "probes.jsonl").write_text("".join(json.dumps(p) + "\n" for p in probes))
    for split, words in WORDS.items():
        lines = [json.dumps(row(word)) + "\n" for word in words.split()]
        (data / f"{split}.jsonl").write_text("".join(lines))
    return root


def point_to(root: Path, base_url: str) -> None:
    """Let the toy project use another address."""
    (root / "rft.toml").write_text(
        TOML.format(profile="compatible", base_url=f'base_url = "{base_url}"')
    )
