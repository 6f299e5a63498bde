"""rft.toml and the environment -> Settings.

Keys are read from the environment (or .env beside rft.toml) at the moment a client is made, and
live nowhere else: no setting, record or message holds one.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PositiveInt, ValidationError, field_validator, model_validator

from rft.errors import UserError
from rft.jsonl import read_text
from rft.redaction import key_fault, redact_url
from rft.thresholds import Exam, Price, Ready, Section
from rft.validation import sentence

ProfileName = Literal["local", "compatible", "foundry", "bedrock", "openai"]
FILE = "rft.toml"
SETTINGS_VARIABLE = "RFT_SETTINGS"
"""Hands the settings file to the processes of local graders."""
EMBEDDED_MODEL = "smollm2-135m-instruct"
OWN_NAMES = ("base", "warm", "tuned")
"""Names of [models] that this project gives itself: no id of a vendor's model."""


@dataclass(frozen=True)
class Profile:
    """What differs between the places that speak OpenAI's contract."""

    base_url: str | None
    """May hold ${VARIABLE}; None: the user must name it."""
    api_key_env: str | None
    key_required: bool
    instruction_role: Literal["developer", "system"]
    """Role under which the endpoint expects the developer message."""


PROFILES: dict[str, Profile] = {
    "local": Profile(None, None, False, "system"),
    "compatible": Profile(None, "OPENAI_API_KEY", False, "system"),
    "foundry": Profile(
        "${AZURE_OPENAI_ENDPOINT}/openai/v1/", "AZURE_OPENAI_API_KEY", True, "developer"
    ),
    "bedrock": Profile(
        "https://bedrock-mantle.${AWS_REGION:-us-west-2}.api.aws/v1",
        "AWS_BEARER_TOKEN_BEDROCK",
        True,
        "system",
    ),
    "openai": Profile("https://api.openai.com/v1", "OPENAI_API_KEY", True, "developer"),
}


class Project(Section):
    """[project]: what this project is called."""

    name: str
    use_case: str
    runs: Path = Path("runs")
    """Folder of the runs and jobs that belong to these settings, inside the project."""

    @field_validator("runs")
    @classmethod
    def _inside(cls, value: Path) -> Path:
        if value.is_absolute() or ".." in value.parts:
            raise ValueError("must be a folder inside the project, such as runs")
        return value


class TaskFiles(Section):
    """[task]: the files the team owns, relative to rft.toml, and the prompt variant."""

    schema_file: Annotated[Path, Field(alias="schema")] = Path("task/schema.py")
    grader: Path = Path("task/grader.json")
    data: Path = Path("task/data")
    probes: Path = Path("task/probes.jsonl")
    floors: Path = Path("task/floors.py")
    importer: Path = Path("task/importer.py")
    calibration: Path = Path("task/calibration.jsonl")
    prompt_variant: str | None = None
    """One of the PROMPT_VARIANTS of the schema; None: its first, or the only one."""
    human: Path = Path("task/human.jsonl")
    """Answers of people; need not exist."""
    metrics: Path = Path("task/metrics.py")
    """Figures over a whole run; need not exist."""


class Endpoint(Section):
    """[endpoint]: where the model is."""

    profile: ProfileName = "local"
    base_url: str | None = None
    api_key_env: str | None = None
    context_tokens: PositiveInt = 4096
    """Longest prompt plus answer in tokens; the local server reserves it for each slot."""
    threads: PositiveInt | None = None
    """CPU threads of the local server; None: all cores this process may use."""


class RequestSection(Section):
    """What [sampling] and [judge] both say of a request's fields.

    An endpoint that refuses one of them by name is not sent it again; these settings spare the
    first refusal, or serve where it names nothing.
    """

    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    send_seed: bool = True
    instruction_role: Literal["developer", "system", "user"] | None = None
    """Role of the instructions; None: the profile's."""
    response_format: Literal["json_schema", "json_object", "none"] = "json_schema"
    finish_reasons: list[str] = Field(default_factory=list)
    """Further finish reasons with which this endpoint's model itself ends an answer."""


class Sampling(RequestSection):
    """[sampling]: how answers are drawn."""

    samples_per_item: PositiveInt = 4
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """None: not sent, the endpoint uses its own default."""
    max_tokens: PositiveInt = 512
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 7
    concurrency: Annotated[int, Field(ge=1, le=512)] = 8
    max_retries: Annotated[int, Field(ge=0, le=20)] = 5
    timeout_s: Annotated[float, Field(gt=0)] = 600
    requests_per_minute: Annotated[float, Field(gt=0)] | None = None
    tokens_per_minute: Annotated[float, Field(gt=0)] | None = None
    """Budgets of the endpoint, kept by this run alone; tokens of prompts and answers."""
    run_timeout_s: Annotated[float, Field(gt=0)] | None = None
    """Seconds after which a command asks for no further answer."""
    price: str | None = None
    """The table [ready.prices.NAME] that holds this endpoint's prices."""
    spending_cap: Annotated[float, Field(gt=0)] | None = None
    """What one run may cost, in the currency of `price`."""
    announce_cost: Annotated[float, Field(ge=0)] = 1.0
    """From this expected cost on, a run says before it starts what it will take."""


class Eval(Section):
    """[eval]: which rows `rft eval` takes when it is not told."""

    split: Literal["train", "validation", "test"] = "validation"
    limit: PositiveInt | None = None
    shortest: bool = False
    """`limit` takes the rows with the shortest prompts instead of a fixed random choice."""


class Judge(RequestSection):
    """[judge]: the model that score_model and label_model graders ask."""

    profile: ProfileName = "compatible"
    base_url: str | None = None
    api_key_env: str | None = None
    model: str | None = None
    """Asked in place of the model that the grader's JSON names; local: the embedded one."""
    context_tokens: PositiveInt = 8192
    """Longest prompt plus judgement in tokens, for profile local."""
    exam: Exam = Exam()


class Train(Section):
    """[train]: where, how and at what price a model is trained."""

    method: Literal["supervised", "reinforcement"] = "reinforcement"
    base_url: str | None = None
    """Where jobs are sent; None: the endpoint's address, for 'local' this project's `rft serve`."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 7
    warm_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the training rows that is the warm start's, RFT takes the others; None: both all."""
    lambda_arn: str | None = None
    """Bedrock: the Lambda that gives the rewards (`rft export bedrock`)."""
    usd_per_million_tokens: Annotated[float, Field(ge=0)] | None = None
    usd_per_hour: Annotated[float, Field(ge=0)] | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    supervised: dict[str, Any] = Field(default_factory=dict)
    reinforcement: dict[str, Any] = Field(default_factory=dict)
    """Hyperparameters by method; rft.jobs.hyper knows their domains."""


class SandboxSection(Section):
    """[sandbox]: where code that a model wrote runs, and how much it may use."""

    tier: Literal["auto", "wasm", "wasm+lock", "native", "landlock", "bwrap"] = "auto"
    """auto is wasm, on every system. A tier that cannot be used here is refused."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 20
    """Wall clock of one grading; the back-stop behind `fuel`."""
    memory_mb: Annotated[int, Field(ge=64, le=2048)] = 512
    fuel: Annotated[int, Field(ge=10_000_000, le=10**13)] = 1_000_000_000
    """WebAssembly instructions for loading the code, and for each test."""
    workers: Annotated[int, Field(ge=1, le=64)] = 2


class Settings(Section):
    """Everything rft.toml says, with the project's folder."""

    root: Path
    file: Path = Path(FILE)
    """The settings file, relative to root."""
    project: Project
    task: TaskFiles = TaskFiles.model_validate({})
    endpoint: Endpoint = Endpoint()
    models: dict[str, str] = Field(default_factory=dict)
    judge: Judge | None = None
    sampling: Sampling = Sampling()
    eval: Eval = Eval()
    ready: Ready = Ready()
    sandbox: SandboxSection = SandboxSection()
    train: Train = Train()

    @model_validator(mode="after")
    def _leave_room_for_the_prompt(self) -> Settings:
        if self.sampling.max_tokens >= self.endpoint.context_tokens:
            raise ValueError(
                f"sampling.max_tokens = {self.sampling.max_tokens} leaves no room for a prompt in "
                f"endpoint.context_tokens = {self.endpoint.context_tokens}; lower it, or raise "
                "context_tokens to what the model can hold"
            )
        return self

    @model_validator(mode="after")
    def _know_the_price(self) -> Settings:
        name, cap = self.sampling.price, self.sampling.spending_cap
        if name is not None and name not in self.ready.prices:
            raise ValueError(
                f"sampling.price = '{name}', but there is no table [ready.prices.{name}]; add it, "
                "with prompt, answer and judge per million tokens"
            )
        if cap is not None and name is None:
            raise ValueError(
                f"sampling.spending_cap = {cap:g} needs sampling.price, the NAME of the table "
                "[ready.prices.NAME] that holds this endpoint's prices"
            )
        return self

    @property
    def price(self) -> Price | None:
        """What the endpoint of [sampling] takes, None where rft.toml does not say."""
        return self.ready.prices[self.sampling.price] if self.sampling.price else None

    def path(self, relative: Path) -> Path:
        """A path of rft.toml made absolute."""
        return self.root / relative

    @property
    def runs(self) -> Path:
        """The folder of the runs."""
        return self.root / self.project.runs

    def model_id(self, name: str) -> str:
        """The model id behind a name of the [models] table; any other name is an id itself.

        Raises UserError when the table holds nothing under that name.
        """
        model = self.models.get(name, "" if name in OWN_NAMES else name)
        if model:
            return model
        if name == "base" and self.endpoint.profile == "local":
            return EMBEDDED_MODEL
        raise UserError(
            f"{FILE}: models.{name}: no model is named; write the id of a model that your "
            f"'{self.endpoint.profile}' endpoint serves"
            + (", or let rft train name it." if name in ("warm", "tuned") else ".")
        )


def override(
    settings: Settings,
    split: str = "",
    limit: int = 0,
    samples: int = 0,
    profile: str = "",
    prompt_variant: str = "",
) -> Settings:
    """The settings with what a command names in place of what stands in rft.toml."""
    values = settings.model_dump(by_alias=True)
    if prompt_variant:
        values["task"]["prompt_variant"] = prompt_variant
    if split:
        values["eval"]["split"] = split
    if limit:
        values["eval"]["limit"] = limit
    if samples:
        values["sampling"]["samples_per_item"] = samples
    if profile and profile != settings.endpoint.profile:
        values["endpoint"] |= {"profile": profile, "base_url": None, "api_key_env": None}
        values["models"] = {}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{sentence(error)}.") from None


def load(path: Path, root: Path | None = None) -> Settings:
    """Read rft.toml, or another settings file of the project in `root` (None: its own folder).

    Raises UserError, naming file, field and remedy, when it is missing or wrong.
    """
    root = path.parent if root is None else root
    file = path.relative_to(root) if path.is_relative_to(root) else path
    if not path.exists():
        raise UserError(f"{file} is not in {root.resolve()}; run rft in the project's folder.")
    try:
        values: dict[str, Any] = tomllib.loads(read_text(path, str(file)))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{file} cannot be read as TOML: {error}; correct it.") from None
    try:
        return Settings.model_validate({**values, "root": root.resolve(), "file": file})
    except ValidationError as error:
        raise UserError(f"{file}: {sentence(error)}.") from None


def base_url(endpoint: Endpoint | Judge) -> str:
    """The address of an endpoint (not of 'local', which is started on demand).

    Raises UserError when a part of it is not set.
    """
    section = type(endpoint).__name__.lower()
    template = endpoint.base_url or PROFILES[endpoint.profile].base_url
    if not template:
        raise UserError(
            f"{FILE}: {section}.base_url: profile '{endpoint.profile}' needs an address; add for "
            'example base_url = "http://127.0.0.1:8000/v1".'
        )
    return _checked_url(template, f"{section}.base_url")


def _checked_url(template: str, setting: str) -> str:
    url = _expand(template)
    if fault := _address_fault(url):
        raise UserError(f"{FILE}: {setting}: '{redact_url(url)}' {fault}.")
    return url


def _address_fault(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return "is not an http(s) address; write it in full"
        if parts.port == 0:
            return "has port 0; name the server's port"
    except ValueError as error:  # brackets, or a port that is out of range or not a number
        return f"is not an address ({error}); fix it"
    if any(char.isspace() or not char.isprintable() for char in url):
        return "holds a space or a control character; remove it"
    return ""


def train_url(settings: Settings) -> str | None:
    """The address that takes training jobs; None: this project's own `rft serve`.

    Raises UserError when a part of it is not set.
    """
    if settings.train.base_url:
        return _checked_url(settings.train.base_url, "train.base_url")
    if settings.endpoint.profile == "local" and not settings.endpoint.base_url:
        return None
    return base_url(settings.endpoint)


def _expand(template: str) -> str:
    head, mark, rest = template.partition("${")
    if not mark:
        return template
    name, _, tail = rest.partition("}")
    name, _, default = name.partition(":-")
    value = os.environ.get(name) or default
    if not value:
        raise UserError(
            f"The endpoint's address needs {name}; set it in the environment or in .env."
        )
    return head + value.rstrip("/") + _expand(tail)


def api_key(endpoint: Endpoint | Judge) -> str:
    """The key of an endpoint, from the environment.

    Raises UserError naming the variable when a profile that needs a key has none.
    """
    profile = PROFILES[endpoint.profile]
    name = endpoint.api_key_env or profile.api_key_env
    value = os.environ.get(name, "").strip() if name else ""
    if not value and (profile.key_required or endpoint.api_key_env):
        raise UserError(
            f"Profile '{endpoint.profile}' reads its key from {name}, which is not set; "
            "put it into the environment or into .env (never into rft.toml)."
        )
    if fault := key_fault(value):
        raise UserError(
            f"{name} {fault}, so it cannot be sent as a key; set the key alone, in the environment "
            "or in .env."
        )
    return value or "no-key"
