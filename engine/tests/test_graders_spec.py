"""Promises of reading and checking a grader's JSON."""

import copy
import json
import subprocess
import sys

import pytest

from rft.errors import UserError
from rft.graders import (
    hosted,
    ignored_fields,
    load_spec,
    parse_spec,
    problems,
    referenced_fields,
    spec_hash,
)
from rft.graders.spec import PythonGrader

GRADE = "def grade(sample, item):\n    return 1.0\n"
CHECK = {
    "type": "string_check",
    "name": "same",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference_answer}}",
}
PYTHON = {"type": "python", "name": "f1", "source": GRADE}
MESSAGE = {"role": "user", "content": "{{item.question}} {{sample.output_text}}"}
SCORE = {"type": "score_model", "name": "s", "model": "m", "input": [MESSAGE]}
LABEL = {
    **SCORE,
    "type": "label_model",
    "labels": ["good", "bad"],
    "passing_labels": ["good"],
}
LOCAL = {"type": "local", "name": "elaborates", "source": GRADE}
MULTI = {
    "type": "multi",
    "name": "all",
    "graders": {"binding": PYTHON, "same": CHECK, "elaborates": LOCAL},
    "calculate_output": "0.5*binding + 0.5*same",
}


def changed(data, **changes):
    return {k: v for k, v in {**copy.deepcopy(data), **changes}.items() if v is not ...}


def multi(formula="binding", **graders):
    return {"type": "multi", "graders": graders, "calculate_output": formula}


@pytest.fixture
def task(tmp_path):
    """Writes task/grader.json (and grader.py) and gives the JSON's path."""
    (tmp_path / "task").mkdir()

    def write(data, source=GRADE):
        (tmp_path / "task" / "grader.py").write_text(source, encoding="utf-8")
        path = tmp_path / "task" / "grader.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return path

    return write


def refusal(path):
    with pytest.raises(UserError) as caught:
        load_spec(path)
    return str(caught.value).removeprefix(f"{path}")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            multi(binding=changed(CHECK, operation="neq")),
            ": graders.binding.operation: must be 'eq', 'ne', 'like' or 'ilike', but is 'neq'; "
            "write 'ne'.",
        ),
        (
            changed(CHECK, operation=7),
            ": operation: must be 'eq', 'ne', 'like' or 'ilike', but is 7; correct the value.",
        ),
        (changed(CHECK, input=...), ": input: is missing; add it."),
        (
            multi(binding=changed(PYTHON, sorce="x")),
            ": graders.binding.sorce: is not a known field; check its spelling or remove it.",
        ),
        (
            changed(PYTHON, type="pyhton"),
            ": type: unknown type 'pyhton'; use one of "
            "string_check, text_similarity, python, score_model, label_model, local, multi.",
        ),
        (
            multi(j={"name": "x"}),
            ': graders.j.type: is missing; add it, for example "type": "python".',
        ),
        (
            multi(m=MULTI),
            ": graders: 'm' is a multi grader, which cannot stand inside another; "
            "put its graders here.",
        ),
        (changed(PYTHON, source=5), ": source: must be a string, but is 5; correct the value."),
        (
            multi(j=changed(SCORE, input=[{"role": "robot", "content": "x"}])),
            ": graders.j.input[0].role: must be 'system', 'developer', 'user' or 'assistant', "
            "but is 'robot'; correct the value.",
        ),
        (changed(SCORE, input=[]), ": input: is empty; add an entry."),
        (
            changed(SCORE, input=[MESSAGE, {"role": "user"}]),
            ": input[1].content: is missing; add it.",
        ),
        (
            changed(SCORE, range=[1, 0]),
            ": range: a range is two numbers, the smaller one first; write [0, 1].",
        ),
        (
            multi(j=changed(SCORE, sampling_params={"max_completion_tokens": 9})),
            ": graders.j.sampling_params.max_completion_tokens: is not a known field; "
            "check its spelling or remove it.",
        ),
        (
            changed(SCORE, sampling_params={"temperature": "hot"}),
            ": sampling_params.temperature: must be a number, but is 'hot'; correct the value.",
        ),
        (changed(SCORE, model=...), ": model: is missing; add it."),
        (
            multi(j=changed(LABEL, passing_labels=["fine"])),
            ": graders.j: passing_labels has 'fine', which is not in labels; add it.",
        ),
        (
            multi(j=changed(LABEL, labels=[])),
            ": graders.j.labels: is empty; add an entry.",
        ),
        (LABEL, ": type: a label_model gives no reward alone; put it in a multi."),
        (LOCAL, ": type: a local grader gives no reward; put it inside a multi."),
        (multi(e=LOCAL), ": graders: at least one must be other than local; add one."),
        ('{"a": 1,\n\n "b" 2}', ":3: not valid JSON: Expecting ':' delimiter; fix it."),
    ],
)
def test_a_fault_in_the_json_is_one_sentence_with_its_path_and_remedy(task, data, sentence):
    assert refusal(task(data)) == sentence


@pytest.mark.parametrize("data", [[], 3, None, "text"])
def test_json_that_is_not_an_object_is_refused(task, data):
    assert refusal(task(json.dumps(data))).endswith("correct the value.")


PUBLISHED = {
    "a threshold in a multi": changed(MULTI, pass_threshold=0.5),
    "thresholds inside": multi(binding=changed(PYTHON, pass_threshold=1), a=CHECK, b=LABEL),
    "a score of what cannot be graded": changed(SCORE, invalid_grade=0),
    "text parts": changed(SCORE, input=[{"role": "user", "content": {"text": "a"}}]),
    "a list of text parts": changed(
        SCORE, input=[{"role": "user", "content": [{"type": "input_text", "text": "a"}, "b"]}]
    ),
    "an image tag": changed(PYTHON, image_tag="2025-05-08"),
    "graders as a list": changed(multi("f1"), graders=[PYTHON]),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_graders_as_vendors_publish_them_are_read(name):
    assert hosted(parse_spec(PUBLISHED[name]))


def test_fields_that_leave_the_reward_alone_are_told_and_not_sent_in_a_multi():
    spec = parse_spec(changed(MULTI, pass_threshold=0.5, invalid_grade=0.0))
    assert ignored_fields(spec) == [
        "pass_threshold is read and leaves the reward as it is.",
        "invalid_grade is read and leaves the reward as it is.",
    ]
    assert hosted(spec) == hosted(parse_spec(MULTI))


def test_a_picture_for_a_judge_is_refused_by_its_place():
    picture = {"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}
    with pytest.raises(UserError, match=r"input\[0\]\.content: must be a string"):
        parse_spec(changed(SCORE, input=[picture]))


def test_a_missing_json_file_is_one_sentence(tmp_path):
    assert "the file does not exist" in refusal(tmp_path / "grader.json")


def test_a_file_source_is_put_in_its_place(task):
    spec = load_spec(task(changed(PYTHON, source="file://grader.py")))
    assert isinstance(spec, PythonGrader)
    assert spec.source == GRADE


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("../secret.py", "lies outside"),
        ("/etc/passwd", "lies outside"),
        ("link.py", "lies outside"),
        ("big.py", "256 kB"),
        ("none.py", "cannot be read"),
        ("", "cannot be read"),
        ("\0", "cannot be read"),
    ],
)
def test_a_file_source_must_be_a_small_file_of_the_same_folder(task, name, remedy):
    path = task(multi(binding=changed(PYTHON, source=f"file://{name}")))
    (path.parent.parent / "secret.py").write_text(GRADE)
    (path.parent / "link.py").symlink_to(path.parent.parent / "secret.py")
    (path.parent / "big.py").write_text(GRADE + "#" * 256_000)
    sentence = refusal(path)
    assert remedy in sentence
    assert sentence.startswith(": graders.binding.source: ")


def test_a_sound_grader_has_no_problems():
    assert problems(parse_spec(MULTI)) == []


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("import pyslang\n" + GRADE, "source, line 1: imports 'pyslang'"),
        (GRADE + "def f():\n    from openai.types import X\n", "line 4: imports 'openai'"),
        ("from . import x\n" + GRADE, "imports '.'"),
        ("def score(sample, item): return 1", "defines no function grade"),
        ("def grade(sample): return 1", "line 1: grade must have exactly two parameters"),
        ("def grade(sample, item, *more): return 1", "exactly two parameters"),
        ("def grade(*both): return 1", "exactly two parameters"),
        ("def grade(sample, item, *, k=1): return 1", "exactly two parameters"),
        ("def grade(sample, item)\n", "line 1: not valid Python"),
        (GRADE + "#" * 256_000, "256 kB"),
    ],
)
def test_a_source_the_platform_would_not_run_is_a_problem(source, part):
    found = problems(parse_spec(changed(PYTHON, source=source)))
    assert len(found) == 1
    assert part in found[0]


def test_the_hosted_packages_and_the_standard_library_may_be_imported():
    source = "import json, sklearn.metrics, yaml, skbio\nfrom ast_grep_py import x\n" + GRADE
    assert problems(parse_spec(changed(PYTHON, source=source))) == []


def test_a_local_grader_may_import_anything():
    local = changed(LOCAL, source="import pyslang, task.schema\n" + GRADE)
    assert problems(parse_spec(multi(binding=PYTHON, elaborates=local))) == []


@pytest.mark.parametrize(
    ("formula", "part"),
    [("binding + elaborates", "'elaborates' is not among its graders (binding)"),
     ("binding +", "cannot be parsed"), ("1", "does not use 'binding'")],
)  # fmt: skip
def test_a_formula_that_would_not_compute_is_a_problem(formula, part):
    found = problems(parse_spec(multi(formula, binding=PYTHON, elaborates=LOCAL)))
    assert len(found) == 1
    assert part in found[0]


def test_a_judge_whose_range_is_not_a_reward_is_a_problem_when_it_stands_alone():
    stars = changed(SCORE, range=[1, 5])
    assert "put 's' into a multi" in problems(parse_spec(stars))[0]
    assert problems(parse_spec(multi("(j - 1) / 4", j=stars))) == []


def test_a_judges_messages_are_looked_at_like_other_templates():
    lost = changed(SCORE, input=[MESSAGE, {"role": "user", "content": "{{question}}"}])
    assert "a template reads 'question'" in problems(parse_spec(lost))[0]
    assert referenced_fields(parse_spec(lost)) == {"question"}


def test_a_judge_is_sent_as_it_is_written():
    params = {"max_completions_tokens": 9, "reasoning_effort": "low"}
    full = changed(SCORE, range=[0.0, 0.5], pass_threshold=0.3, sampling_params=params)
    for spec in (full, multi("0.5*a + 0.5*b", a=SCORE, b=LABEL)):
        assert hosted(parse_spec(spec)) == spec


def test_a_key_that_no_formula_can_name_and_a_template_without_namespace_are_problems():
    spec = parse_spec(multi("1", **{"a-b": changed(CHECK, input="{{output_text}}")}))
    assert [p.split(":")[0] for p in problems(spec)] == ["a-b", "graders.a-b", "calculate_output"]


def test_the_hosted_json_is_the_same_without_local_graders():
    sent = hosted(parse_spec(MULTI))
    assert sent == changed(MULTI, graders={"binding": PYTHON, "same": CHECK})


def test_a_multi_that_only_passes_one_reward_on_is_sent_as_that_grader():
    assert hosted(parse_spec(multi(" binding ", binding=PYTHON, elaborates=LOCAL))) == PYTHON


def test_a_multi_that_changes_the_one_reward_stays_a_multi():
    assert hosted(parse_spec(multi("binding^2", binding=PYTHON, e=LOCAL)))["type"] == "multi"
    assert hosted(parse_spec(multi("binding", binding=PYTHON, c=CHECK)))["type"] == "multi"


def test_the_hash_follows_the_source_and_ignores_the_order_of_keys(task):
    first = spec_hash(load_spec(task(changed(PYTHON, source="file://grader.py"))))
    assert first == spec_hash(parse_spec(dict(reversed(PYTHON.items()))))
    assert first != spec_hash(parse_spec(changed(PYTHON, source=GRADE + "#")))


def test_the_fields_that_templates_and_sources_read_are_found():
    source = """
def grade(sample, item):
    return helper(1, item) + item["gold"] + sample["not_this"] + sample.get(item.get("key"))
def explain(s, row):
    return {"x": row.get("detail", 0)["not_this"]}
def helper(n, it):
    return [other["no"] for other in it["list"]] and helper(n, it)
"""
    check = changed(CHECK, reference="{{ item.a.b[0] }}{{item}}{{sample.output_text}}")
    spec = parse_spec(multi(binding=changed(PYTHON, source=source), c=check))
    assert referenced_fields(spec) == {"a", "gold", "key", "detail", "list"}


def test_importing_the_package_loads_no_heavy_library():
    code = "import sys, rft.graders; print({'rapidfuzz', 'numpy', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
