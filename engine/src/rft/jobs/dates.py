"""When models and services end, as their vendors announced it; read on 2026-11-23.

A `shutdown_date` that the vendor reports itself takes precedence over this table.
"""

from __future__ import annotations

from datetime import date

OPENAI_PAGE = "https://developers.openai.com/api/docs/deprecations"
FOUNDRY_PAGE = "https://learn.microsoft.com/azure/foundry/openai/how-to/reinforcement-fine-tuning"

OPENAI_NO_NEW_ORGANISATIONS = date(2026, 5, 7)
OPENAI_NO_INACTIVE_ORGANISATIONS = date(2026, 7, 2)
OPENAI_NO_JOBS = date(2027, 1, 6)
FOUNDRY_O4_MINI_ENDS = date(2027, 4, 16)

OPENAI_MODELS: dict[str, date] = {
    "o4-mini-2025-04-16": date(2026, 10, 23),
    "o1-2024-12-17": date(2026, 10, 23),
    "o3-mini-2025-01-31": date(2026, 10, 23),
    "gpt-4.1-nano-2025-04-14": date(2026, 10, 23),
    "o3-2025-04-16": date(2026, 12, 11),
    "gpt-5-2025-08-07": date(2026, 12, 11),
    "gpt-5-mini": date(2026, 12, 11),
    "gpt-5-nano": date(2026, 12, 11),
    "gpt-4o-2024-08-06": date(2027, 1, 14),
    "gpt-4o-2024-11-20": date(2027, 1, 14),
    "gpt-4o-mini-2024-07-18": date(2027, 1, 14),
    "gpt-4.1-2025-04-14": date(2027, 1, 14),
    "gpt-4.1-mini-2025-04-14": date(2027, 1, 14),
    "gpt-5.1": date(2027, 4, 1),
    "gpt-5.4-nano": date(2027, 4, 1),
}
FOUNDRY_MODELS: dict[str, date] = {
    "o4-mini-2025-04-16": date(2026, 10, 16),
    "gpt-5-2025-08-07": date(2027, 2, 6),
}


def shutdown(profile: str, model: str) -> date | None:
    """The day on which a model of OpenAI or Foundry ends, if the table knows it.

    "o4-mini", "o4-mini-2025-04-16" and "ft:o4-mini-2025-04-16:team::id" are the same base.
    """
    table = {"openai": OPENAI_MODELS, "foundry": FOUNDRY_MODELS}.get(profile, {})
    name = model.removeprefix("ft:").partition(":")[0]
    undated = {known.partition("-20")[0]: day for known, day in reversed(table.items())}
    return table.get(name) or undated.get(name)
