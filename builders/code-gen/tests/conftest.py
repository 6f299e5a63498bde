"""The fixtures of the project's own tests, for the tests that stay here."""

from __future__ import annotations

from tests.conftest import row, rows, rows_by_split

__all__ = ["row", "rows", "rows_by_split"]
