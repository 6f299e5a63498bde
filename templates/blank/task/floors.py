"""Answers that need no model: `rft check` prints their rewards; a trained model must beat them."""

from __future__ import annotations

import json
from typing import Any

from task.schema import TEAMS


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Answer text by the name of the trick; none of them reads the reference answer."""
    constant = {
        f"always {team}": json.dumps({"team": team, "urgent": False}) for team in sorted(TEAMS)
    }
    return {"empty": "", **constant}
