"""OpenAI's error object."""

from __future__ import annotations

from typing import Any

_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}


class ApiError(Exception):
    """An answer other than 200. `message` is one whole sentence for people."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": self.message,
                "type": _TYPES.get(self.status, kind),
                "param": self.param,
                "code": self.code,
            }
        }


def not_found(kind: str, name: str, param: str | None = None) -> ApiError:
    """404 for an unknown id."""
    return ApiError(404, f"No such {kind}: '{name[:100]}'.", param=param, code=f"{kind}_not_found")


def invalid(param: str, fault: str, code: str = "invalid_value") -> ApiError:
    """400 for a parameter; `fault` says what is wrong and what to do, without a full stop."""
    return ApiError(400, f"Invalid '{param}': {fault}.", param=param or None, code=code)
