"""Which fields and roles of a request an endpoint takes: from rft.toml, then from its refusals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rft.config import PROFILES, RequestSection
from rft.endpoint import Fault, message_in

LIMITS = ("max_completion_tokens", "max_tokens")
FORMATS = ("json_schema", "json_object")
ROLES = ("developer", "system", "user")
OPTIONAL = ("seed", "temperature", "top_p", "reasoning_effort")
LESSONS = 8
"""So many refusals of one request are learned from."""

_UNSUPPORTED = re.compile(
    r"unsupported|not (?:\w+ )?(?:support|permit|allow|accept|implement|recogni|available|known)"
    r"|not (?:\w+ )?(?:enabled|expected|one of|a valid (?:param|arg|field|role|key))|enabled only"
    r"|n't (?:\w+ )?(?:support|accept|allow|recogni|use)|cannot (?:be )?use|deprecated|may only be"
    r"|unknown|unexpected|unrecogni[sz]ed|no such|extraneous|instead of"
    r"|invalid (?:param|arg|field|key|role|value for role)|extra (?:input|field|param)"
    r"|extra_forbidden|additional propert|must be (?:one of|')|should be '|unavailable|roles? must"
    r"|only the default|only supports?\b",
    re.I,
)
_WRONG_SCHEMA = re.compile(
    r"invalid[ _](?:json[ _])?schema|schema (?:is|was) (?:not valid|invalid)", re.I
)
_FORMAT_WORDS = (
    r"response_format|json_schema|json_object|structured[ _-]?outputs?|guided[ _]|grammar"
    r"|json[ _-]mode"
)


class Dialect:
    """What one endpoint takes. Shared by all requests of a client, in one event loop.

    `refused`: names that the endpoint refused before: fields, formats, roles.
    """

    def __init__(self, section: RequestSection, profile: str, refused: Iterable[str] = ()) -> None:
        self.section = section
        self.role = section.instruction_role or PROFILES[profile].instruction_role
        self.refused = list(refused)
        self.served = False
        """An answer came from this endpoint: its address, key and model are right."""

    def body(self, request: Mapping[str, Any], shape: str = "") -> dict[str, Any]:
        """The request as this endpoint takes it.

        `request` is in OpenAI's newest words: max_completion_tokens, role developer. `shape`: said
        at the end of the prompt where the endpoint cannot be given a schema.
        """
        body = {k: v for k, v in request.items() if k not in OPTIONAL or k not in self.refused}
        if not self.section.send_seed:
            body.pop("seed", None)
        limit = body.pop(LIMITS[0], None)
        names = sorted(LIMITS, key=lambda name: name != self.section.max_tokens_field)
        if limit is not None and (name := self._first(names)):
            body[name] = limit
        response_format = self._response_format(body.pop("response_format", None))
        if response_format:
            body["response_format"] = response_format
        body["messages"] = self._messages(body["messages"])
        if shape and (response_format or {}).get("type") != "json_schema":
            last = body["messages"][-1]
            body["messages"][-1] = last | {"content": f"{last['content']}\n\n{shape}"}
        return body

    def learn(self, fault: Fault, sent: Mapping[str, Any]) -> bool:
        """Whether another try makes sense: the refusal of `sent` names what can be left out."""
        if fault.status not in (400, 422, 500, 501) or fault.moderated:
            return False
        name = _refused_name(fault, sent)
        if not name:
            return False
        if name not in self.refused:
            self.refused.append(name)
        return True

    def notes(self) -> list[str]:
        """What was learned, a sentence each."""
        sentences = []
        for name in self.refused:
            if name in LIMITS:
                other = self._first(n for n in LIMITS if n != name)
                instead = f"{other} is sent instead" if other else "no token limit is sent"
            elif name in FORMATS:
                weaker = self._response_format({"type": "json_schema"})
                instead = f"{weaker['type']} is sent instead" if weaker else "no format is sent"
            elif name in ROLES:
                instead = f"instructions are sent as role {self._role()}"
            else:
                instead = "it is not sent"
            sentences.append(f"the endpoint refuses {name}: {instead}")
        return sentences

    def _first(self, names: Iterable[str]) -> str:
        return next((name for name in names if name not in self.refused), "")

    def _response_format(self, given: dict[str, Any] | None) -> dict[str, Any] | None:
        wanted = self.section.response_format
        if given is None or wanted == "none":
            return None
        kinds = FORMATS if given["type"] == wanted == "json_schema" else FORMATS[1:]
        kind = self._first(kinds)
        return given if kind == "json_schema" else {"type": kind} if kind else None

    def _role(self) -> str:
        return self._first(ROLES[ROLES.index(self.role) :]) or "user"

    def _messages(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return instructed_by(messages, self._role())


def instructed_by(messages: list[dict[str, Any]], role: str) -> list[dict[str, Any]]:
    """The messages with the developer's under another role; as user, before the user's own."""
    sent: list[dict[str, Any]] = []
    for message in messages:
        instructs = message["role"] in ("developer", "system")
        if instructs and (role == "user" or message["role"] == "developer"):
            message = message | {"role": role}
        if role == "user" and sent and sent[-1]["role"] == message["role"] == "user":
            words = f"{sent[-1]['content']}\n\n{message['content']}"
            sent[-1] = sent[-1] | {"content": words}
        else:
            sent.append(message)
    return sent


def _refused_name(fault: Fault, sent: Mapping[str, Any]) -> str:
    """The field, format or role of a request that a refusal names; "" if it names none."""
    words = message_in(fault.body)
    if _WRONG_SCHEMA.search(f"{words} {fault.code}"):
        return ""
    if not _UNSUPPORTED.search(f"{words} {fault.code}"):
        return ""
    patterns = _patterns(sent)
    for text in (_parameter(fault.body), words):
        places = {
            name: match.start()
            for name, pattern in patterns.items()
            if (match := re.search(pattern, text, re.I))
        }
        if places:
            return min(places, key=lambda name: places[name])
    return ""


def _patterns(sent: Mapping[str, Any]) -> dict[str, str]:
    patterns = {
        name: rf"(?<![\w-]){name}(?![\w-])" for name in (*LIMITS, *OPTIONAL) if name in sent
    }
    if response_format := sent.get("response_format"):
        patterns[response_format["type"]] = _FORMAT_WORDS
    roles = {message["role"] for message in sent["messages"]} & set(ROLES[:2])
    for role in roles:
        patterns[role] = rf"messages[\[\].\d]*\.?role|\broles?\b|(?<![\w-]){role}(?![\w-])"
    return patterns


def _parameter(body: Any) -> str:
    """The parameter that an error object names in a field of its own."""
    if isinstance(body, list):
        return next(filter(None, map(_parameter, body)), "")
    if not isinstance(body, dict):
        return ""
    named = body.get("param") or body.get("parameter")
    if isinstance(named, str):
        return named
    if isinstance(where := body.get("loc"), list):
        return ".".join(map(str, where))
    inner = (body.get(name) for name in ("error", "detail", "message"))
    return next(filter(None, map(_parameter, inner)), "")
