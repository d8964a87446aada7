"""What pydantic refuses, as a place and a reason for a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError


def told(problem: Mapping[str, Any]) -> tuple[str, str]:
    """Return where one of the problems stands, empty for the whole, and what it is."""
    place = ".".join(str(part) for part in problem["loc"])
    return place, str(problem["msg"]).removeprefix("Value error, ")


def first_told(error: ValidationError) -> tuple[str, str]:
    """Return the place and the reason of the first problem."""
    return told(error.errors(include_url=False, include_input=False)[0])
