"""`rft export`: one writer for every target."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2

from rft import graders
from rft.dataset import ROW_LIMITS, Row
from rft.errors import CheckError, UserError
from rft.export.cases import CASES, Answer, choose, with_rewards
from rft.export.convert import CONVERT, inlined, test_case
from rft.export.target import TARGETS, Target, Way
from rft.files import not_writable
from rft.findings import shown_path
from rft.graders import formula
from rft.graders import worker as hosted
from rft.graders.source import imported_packages
from rft.graders.spec import (
    LocalGrader,
    ModelGrader,
    MultiGrader,
    PythonGrader,
    TextSimilarity,
    hosted_leaves,
)
from rft.jobs.body import job_grader
from rft.jobs.rows import to_jsonl
from rft.probes import load_probes
from rft.project import SPLITS, Project
from rft.project.loader import asked, open_grader
from rft.rollouts import response_format

FILES = Path(__file__).parent / "targets"
READING = Path(graders.__file__).parents[1] / "reading.py"
MARK = "export.json"
NOT_TASK = shutil.ignore_patterns(
    *("__pycache__", "data", "starter", "probes.jsonl", "calibration.jsonl", "human.jsonl"),
    "reviews.jsonl",
)
HUB_MODEL = "Qwen/Qwen2.5-1.5B-Instruct"
"""Open weights that trainers start from unless the team names others."""
HOSTED_VERSIONS = {
    "numpy": "numpy==2.2.4", "scipy": "scipy==1.15.2", "sympy": "sympy==1.13.3",
    "pandas": "pandas==2.2.3", "rapidfuzz": "rapidfuzz==3.10.1", "sklearn": "scikit-learn==1.6.1",
    "rouge_score": "rouge-score==0.1.2", "deepdiff": "deepdiff==8.4.2",
    "jsonschema": "jsonschema==4.23.0", "pydantic": "pydantic>=2.10.6,<3",
    "yaml": "pyyaml==6.0.2", "nltk": "nltk==3.9.1", "sqlparse": "sqlparse==0.5.3",
    "rdkit": "rdkit==2024.9.6", "skbio": "scikit-bio==0.6.3", "ast_grep_py": "ast-grep-py==0.36.2",
}  # fmt: skip
"""What a python grader may import, as the hosted image of 2025-05-08 has it."""


@dataclass(frozen=True)
class Export:
    """What was written. Prints as the lines of `rft export`."""

    folder: Path
    target: str
    way: Way
    rows: dict[str, int]
    """Rows by split."""
    cases: int
    left_out: list[str]
    """Keys of the graders that ask a model: the reward is over the other parts."""
    packages: list[str]
    """What the graders need beside Python."""
    warnings: list[str]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The summary, a line each."""
        folder = shown_path(self.folder)
        rows = ", ".join(f"{count} {split}" for split, count in self.rows.items())
        return [
            f"{folder}: {rows} rows, {self.cases} answers with their rewards, README.md",
            *(f"warning: {sentence}" for sentence in self.warnings),
            *([f"the grader needs {', '.join(self.packages)}"] if self.packages else []),
            f"next: follow {folder}/README.md; its try_locally.py compares the rewards",
        ]

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data."""
        return vars(self) | {"folder": str(self.folder)}


def export(project: Project, name: str, output: Path, *, judge: bool = True) -> Export:
    """Write the export for a target into `output`, relative to the project's folder.

    `judge`: ask the judge of rft.toml, if there is one. Raises UserError when the target, the
    grader or the folder cannot be used, CheckError for rows or probes that are not usable,
    OutsideError when the disk refuses.
    """
    if name not in TARGETS:
        raise UserError(f"Unknown target '{name}'; use one of {', '.join(TARGETS)}.")
    target, spec, settings = TARGETS[name], project.grader_spec, project.settings
    asks = list(graders.model_graders(spec))
    judged = bool(asks) and judge and settings.judge is not None
    way = target.way(spec, judged=judged)
    read = {split: project.rows(split) for split in SPLITS}
    rows = {
        split: {row.id: asked(project.task, row) for row in members}
        for split, members in read.items()
    }
    every = {key: row for members in rows.values() for key, row in members.items()}
    target.refuse(spec, every)
    folder = settings.path(output)
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise UserError(f"{output} is not an export of rft; name another folder with --output.")
    left_out = [] if judged or way == "vendor" else asks
    cases = _cases(project, target, every, [row for s in reversed(SPLITS) for row in read[s]])
    result = Export(
        folder,
        name,
        way,
        {split: len(members) for split, members in rows.items()},
        len(cases["cases"]),
        left_out,
        _packages(spec, way),
        _warnings(target, left_out, rows),
    )
    try:
        _write(result, target, project, rows, cases, judged=judged)
    except OSError as error:
        raise not_writable(folder, error) from None
    return result


def _cases(
    project: Project, target: Target, rows: Mapping[str, Any], parsed: Sequence[Row]
) -> dict[str, Any]:
    """The content of cases.json. Judges cost money: they are not asked for it.

    `rows`: by id, with their messages; `parsed`: the same rows, those to answer first in front.
    """
    settings, spec = project.settings, project.grader_spec
    kinds = PythonGrader | ModelGrader
    plain = all(isinstance(leaf, kinds) for leaf in hosted_leaves(spec).values())
    if graders.needs_judge(spec) or (target.vendor and not plain and not graders.not_hosted(spec)):
        return {"items": {}, "cases": []}  # nothing here computes what the vendor would
    probes, findings = load_probes(settings.path(settings.task.probes), rows)
    if findings:
        raise CheckError(str(findings[0]))
    written = [Answer(probe.name, probe.item_id, probe.output_text) for probe in probes]
    references = {row.id: project.task.reference_text(row.item) for row in parsed}
    with open_grader(settings, spec, judged=False) as grader:
        answers = choose(written, references, CASES)
        return with_rewards(answers, rows, grader, finish_reason=target.finish_reason)


def _packages(spec: graders.Spec, way: Way) -> list[str]:
    """Requirements of the graders: pinned as the hosted image has them, or rft with its extras."""
    leaves = list(hosted_leaves(spec).values())
    names = {
        n
        for leaf in leaves
        if isinstance(leaf, PythonGrader)
        for n in imported_packages(leaf.source)
    }
    needed = [HOSTED_VERSIONS[name] for name in sorted(names & HOSTED_VERSIONS.keys())]
    if way == "portable":
        return needed
    if way == "vendor":
        return []
    extras = ["sandbox"] if any(isinstance(leaf, LocalGrader) for leaf in leaves) else []
    extras += ["text"] if any(isinstance(leaf, TextSimilarity) for leaf in leaves) else []
    extra = f"[{','.join(extras)}]" if extras else ""
    return [f"rft-engine{extra}=={version('rft-engine')}", *needed]


def _warnings(
    target: Target, left_out: list[str], rows: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    sentences = []
    if left_out:
        sentences.append(
            f"left out: {', '.join(left_out)}, which asks a model; the reward is over the other "
            "parts"
        )
    limits = ROW_LIMITS.get(target.name, {}).get("train")
    if limits and not limits[0] <= len(rows["train"]) <= limits[1]:
        sentences.append(
            f"{len(rows['train']):,} training rows, but {target.name.capitalize()} takes "
            f"{limits[0]:,} to {limits[1]:,}"
        )
    return sentences


def _write(
    result: Export,
    target: Target,
    project: Project,
    rows: Mapping[str, Mapping[str, Any]],
    cases: Mapping[str, Any],
    *,
    judged: bool,
) -> None:
    """Write every file of the export; the package rft_reward of an older one is replaced."""
    folder = result.folder
    reward = folder / target.reward_folder / "rft_reward"
    shutil.rmtree(reward, ignore_errors=True)
    reward.mkdir(parents=True)
    _write_reward(reward, project, result, judged=judged)
    settings = _settings(project)
    context = {
        **vars(result),
        "target": target,
        "settings": settings,
        "requirements": [*target.requirements, *result.packages],
        "wheel": _copy_wheel(project, folder) if result.way == "rft" else "",
        "judged": judged,
        "asks": bool(graders.model_graders(project.grader_spec)),
        "grader": job_grader(project.grader_spec, "foundry", None)
        if result.way == "vendor"
        else None,
        "project": project.settings.project.name,
    }
    for path, text in _rendered(target.name, context):
        if path.parts[0] == "endpoint" and result.way != "rft":
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    convert = CONVERT[target.name]
    for split, members in rows.items():
        lines = [convert(row) for row in members.values()]
        (folder / f"{split}.jsonl").write_bytes(to_jsonl(lines))
        if target.name == "promptfoo":
            _json(folder / "tests" / f"{split}.json", [test_case(row) for row in members.values()])
    _json(folder / "settings.json", settings)
    _json(folder / "cases.json", cases)
    _json(folder / MARK, {"target": target.name, "rft": version("rft-engine")})


def _rendered(name: str, context: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """(path in the export, text) of each of the target's own files; *.j2 are templates."""
    loader = jinja2.FileSystemLoader([FILES / name, FILES / "_common"])
    environment = jinja2.Environment(
        loader=loader, keep_trailing_newline=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, autoescape=False,
    )  # fmt: skip
    names = {
        path.relative_to(root).as_posix()
        for root in (FILES / name, FILES / "_common")
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("_")
    }
    for file in sorted(names):
        if file.endswith(".j2"):
            text = environment.get_template(file).render(context)
            if text.strip():
                yield Path(file.removesuffix(".j2")), text
        else:
            yield Path(file), (FILES / name / file).read_text(encoding="utf-8")


def _write_reward(folder: Path, project: Project, result: Export, *, judged: bool) -> None:
    """Write the package rft_reward: the graders' own files and what makes one reward of them."""
    spec, source = project.grader_spec, FILES / "_reward"
    for name in ("result", "trial"):
        shutil.copyfile(source / f"{name}.py", folder / f"{name}.py")
    shutil.copyfile(source / "package.py", folder / "__init__.py")
    shutil.copyfile(READING, folder / "reading.py")
    if result.way == "rft":
        shutil.copyfile(source / "with_rft.py", folder / "grading.py")
        _json(folder / "reward.json", {"judged": judged})
        task = project.settings.path(project.settings.task.grader).parent
        shutil.copytree(task, folder / "project" / task.relative_to(project.root), ignore=NOT_TASK)
        shutil.copyfile(project.settings.path(project.settings.file), folder / "project/rft.toml")
        return
    shutil.copyfile(source / "portable.py", folder / "grading.py")
    shutil.copyfile(str(formula.__file__), folder / "formula.py")
    shutil.copyfile(str(hosted.__file__), folder / "hosted.py")
    home = project.settings.path(project.settings.task.grader).parent
    files = {}
    for n, (key, leaf) in enumerate(hosted_leaves(spec).items(), start=1):
        if not isinstance(leaf, PythonGrader):
            continue
        files[key] = f"grader_{n}.py"  # a key may hold what no file name should
        if leaf._file == "source":
            (folder / files[key]).write_text(leaf.source, encoding="utf-8")
        else:
            shutil.copyfile(home / leaf._file, folder / files[key])
    _json(
        folder / "reward.json",
        {
            "graders": files,
            "calculate_output": spec.calculate_output if isinstance(spec, MultiGrader) else None,
            "left_out": [key for key in hosted_leaves(spec) if key not in files],
            "packages": list(HOSTED_VERSIONS),
        },
    )


def _settings(project: Project) -> dict[str, Any]:
    """How the project samples answers, for adapters that do so themselves."""
    sampling = project.settings.sampling
    shape = response_format(project.task.answer, sampling)
    if shape and "json_schema" in shape:
        shape["json_schema"]["schema"] = inlined(shape["json_schema"]["schema"])
    return {
        "name": project.settings.project.name,
        "model": project.settings.models.get("base", ""),
        "hub_model": HUB_MODEL,
        "hyperparameters": project.settings.train.reinforcement,
        "temperature": sampling.temperature,
        "max_tokens": sampling.max_tokens,
        "samples_per_item": sampling.samples_per_item,
        "response_format": shape,
    }


def _copy_wheel(project: Project, folder: Path) -> str:
    """Copy the project's wheel of rft, if it has one, and give the folder for --find-links."""
    wheels = list((project.root / "vendor").glob("rft_engine-*.whl"))
    for wheel in wheels:
        (folder / "vendor").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(wheel, folder / "vendor" / wheel.name)
    return "vendor" if wheels else ""


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
