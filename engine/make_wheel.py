"""Write the engine's wheel with the standard library alone: the same bytes on every system.

The template's hook calls `write_wheel`, so it may use nothing that has to be installed. From the
command line:

    python engine/make_wheel.py FOLDER     write the wheel into FOLDER
    python engine/make_wheel.py check      fail if the engine changed and its version did not
    python engine/make_wheel.py record     note the content hash of the version in pyproject.toml

versions.txt has one line per version: the version and the SHA-256 of the wheel's RECORD, which
covers every file. A project pins the exact version, so a changed engine under an old version would
never be installed.
"""

from __future__ import annotations

import hashlib
import sys
import tomllib
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ENGINE = Path(__file__).resolve().parent
VERSIONS = "versions.txt"
CACHES = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
DATE = (2020, 1, 1, 0, 0, 0)


def write_wheel(engine: Path, folder: Path) -> Path:
    """Write the wheel of the engine in `engine` into `folder` and return its path.

    Files are stored uncompressed, sorted by name and dated alike, because compressed bytes differ
    between builds of zlib.
    """
    project = _project(engine)
    path = folder / f"{_stem(project)}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as wheel:
        for name, content in wheel_files(engine).items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3  # as on Unix, wherever this runs
            entry.external_attr = 0o100644 << 16
            wheel.writestr(entry, content)
    return path


def wheel_files(engine: Path) -> dict[str, bytes]:
    """The content of the wheel by name, RECORD last."""
    project = _project(engine)
    info = f"{_stem(project)}.dist-info"
    source = engine / "src"
    files = {path.relative_to(source).as_posix(): path.read_bytes() for path in _sources(source)}
    for name in project["license-files"]:
        files[f"{info}/licenses/{name}"] = (engine / name).read_bytes()
    files[f"{info}/METADATA"] = _metadata(project, engine).encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: make_wheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    scripts = "".join(f"{name} = {target}\n" for name, target in project["scripts"].items())
    files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}".encode()
    files = dict(sorted(files.items()))
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    record.append(f"{info}/RECORD,,")
    files[f"{info}/RECORD"] = ("\n".join(record) + "\n").encode()
    return files


def content_hash(engine: Path) -> str:
    """The SHA-256 of the wheel's RECORD, in hexadecimal digits."""
    return hashlib.sha256(list(wheel_files(engine).values())[-1]).hexdigest()


def check(engine: Path) -> str | None:
    """Why the version in pyproject.toml is not right for the engine's content; None when it is."""
    version, known = _project(engine)["version"], _versions(_text(engine))
    if version not in known:
        return f"{VERSIONS} does not list engine version {version}; run: make engine-version"
    if known[version] != content_hash(engine):
        return (
            f"the engine has changed since version {version}; raise the version in "
            "engine/pyproject.toml, then run: make engine-version"
        )
    return None


def record(engine: Path) -> str | None:
    """Add the version to versions.txt; why not, if a commit already holds it with other content."""
    version, digest = _project(engine)["version"], content_hash(engine)
    if _versions(_committed(engine)).get(version, digest) != digest:
        return f"version {version} is taken by other content; raise it in engine/pyproject.toml"
    versions = _versions(_text(engine)) | {version: digest}
    lines = [f"{name} {value}\n" for name, value in versions.items()]
    (engine / VERSIONS).write_text("".join(lines), encoding="utf-8", newline="\n")
    return None


def _project(engine: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((engine / "pyproject.toml").read_text("utf-8"))
    return project["project"]  # type: ignore[no-any-return]


def _stem(project: dict[str, Any]) -> str:
    return f"{project['name'].replace('-', '_')}-{project['version']}"


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and path.suffix != ".pyc" and not CACHES.intersection(parts):
            yield path


def _metadata(project: dict[str, Any], engine: Path) -> str:
    """METADATA 2.4 (packaging.python.org/specifications/core-metadata)."""
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        *(f"License-File: {name}" for name in project["license-files"]),
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
    ]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        for requirement in requirements:
            name, _, marker = requirement.partition("; ")
            condition = f"({marker}) and extra == '{extra}'" if marker else f"extra == '{extra}'"
            lines.append(f"Requires-Dist: {name}; {condition}")
    readme = (engine / project["readme"]).read_text("utf-8")
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


def _digest(content: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _text(engine: Path) -> str:
    path = engine / VERSIONS
    return path.read_text("utf-8") if path.is_file() else ""


def _committed(engine: Path) -> str:
    import subprocess  # here, because the hook has no use for it

    command = ["git", "show", f"HEAD:./{VERSIONS}"]
    done = subprocess.run(command, cwd=engine, capture_output=True, encoding="utf-8", check=False)
    return done.stdout if done.returncode == 0 else ""


def _versions(text: str) -> dict[str, str]:
    return dict(line.split() for line in text.splitlines() if line.strip())


def main(argument: str) -> int:
    """Do what the argument says; the exit code."""
    if argument in ("check", "record"):
        fault = check(ENGINE) if argument == "check" else record(ENGINE)
        if fault:
            print(fault, file=sys.stderr)
        return 1 if fault else 0
    print(write_wheel(ENGINE, Path(argument)))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
