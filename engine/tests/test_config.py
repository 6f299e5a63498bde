"""rft.toml and the environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rft import config
from rft.errors import UserError
from rft.redaction import redact_url

HEAD = '[project]\nname = "n"\nuse_case = "u"\n'
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rft.toml with a valid head and more."""

    def write(text: str) -> Path:
        path = tmp_path / "rft.toml"
        path.write_text(HEAD + text)
        return path

    return write


def test_defaults_are_the_embedded_model(write: Write) -> None:
    settings = config.load(write(""))
    assert settings.endpoint.profile == "local"
    assert settings.model_id("base") == config.EMBEDDED_MODEL


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sampling]\ntemperature = 3", "sampling.temperature"),
        ("[sampling]\ntemprature = 1", "sampling.temprature: is not a known field"),
        ('[endpoint]\nprofile = "azure"', "endpoint.profile"),
        ("[sampling]\nsamples_per_item = 0", "sampling.samples_per_item"),
        ("[ready]\nsolved = 'x'", "ready.solved"),
        ("[sampling]\nmax_tokens = 5000", "leaves no room for a prompt"),
        ("[sampling\n", "cannot be read as TOML"),
    ],
)
def test_a_wrong_setting_is_named(write: Write, text: str, message: str) -> None:
    with pytest.raises(UserError, match=r"^rft\.toml") as error:
        config.load(write(text))
    assert message in str(error.value)
    assert str(error.value).endswith(".")


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run rft in the project's folder"):
        config.load(tmp_path / "rft.toml")


def test_a_model_name_is_looked_up_and_an_id_passes(write: Write) -> None:
    settings = config.load(write('[models]\nbase = "m-1"\ntuned = "ft:m-1:x"'))
    assert settings.model_id("tuned") == "ft:m-1:x"
    assert settings.model_id("gpt-x") == "gpt-x"


def test_no_model_named_is_said(write: Write) -> None:
    settings = config.load(write('[endpoint]\nprofile = "openai"\n[models]\nbase = ""'))
    with pytest.raises(UserError, match=r"models\.base: no model is named"):
        settings.model_id("base")


@pytest.mark.parametrize(
    ("profile", "variables", "url"),
    [
        ("openai", {}, "https://api.openai.com/v1"),
        (
            "foundry",
            {"AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/"},
            "https://r.openai.azure.com/openai/v1/",
        ),
        ("bedrock", {}, "https://bedrock-mantle.us-west-2.api.aws/v1"),
        ("bedrock", {"AWS_REGION": "eu-west-1"}, "https://bedrock-mantle.eu-west-1.api.aws/v1"),
    ],
)
def test_profiles_know_their_address(
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    variables: dict[str, str],
    url: str,
) -> None:
    for name in ("AZURE_OPENAI_ENDPOINT", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert config.base_url(config.load(write(f'[endpoint]\nprofile = "{profile}"')).endpoint) == url


def test_an_unset_part_of_the_address_is_named(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    with pytest.raises(UserError, match="AZURE_OPENAI_ENDPOINT; set it"):
        config.base_url(config.load(write('[endpoint]\nprofile = "foundry"')).endpoint)


@pytest.mark.parametrize("url", ["ftp://x/v1", "localhost:8000/v1"])
def test_an_address_that_is_none_is_refused(write: Write, url: str) -> None:
    settings = config.load(write(f'[endpoint]\nprofile = "compatible"\nbase_url = "{url}"'))
    with pytest.raises(UserError, match="not an http"):
        config.base_url(settings.endpoint)


def test_a_missing_key_names_its_variable(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError, match="OPENAI_API_KEY, which is not set"):
        config.api_key(config.load(write('[endpoint]\nprofile = "openai"')).endpoint)


def test_a_gateway_without_key_is_fine(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert (
        config.api_key(config.load(write('[endpoint]\nprofile = "compatible"')).endpoint)
        == "no-key"
    )


def test_what_is_written_down_holds_no_credentials() -> None:
    assert redact_url("https://me:secret@h.example/v1?key=k") == "https://h.example/v1"
