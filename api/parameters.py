"""Parameters that a route does not have are refused, and those given twice: a filter that is
misspelt narrows nothing, of two values one would, and what comes back looks like the answer."""

from __future__ import annotations

from difflib import get_close_matches
from typing import get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError


def only_known(request: Request) -> None:
    """Refuse a request with a parameter that its route does not have, or takes once. For
    ``Depends``.

    Raises:
        RequestValidationError: naming the first one, and those that there are.
    """
    known = _known(request.scope["route"].dependant)
    seen = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            raise _refused(name, f"no such parameter{_instead(name, sorted(known))}")
        if name in seen and not known[name]:
            raise _refused(name, "given twice; it takes one value, so ask once for each")
        seen.add(name)


def _refused(name: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("query", name), "msg": message}])


def _known(dependant: Dependant) -> dict[str, bool]:
    """Return the parameters of a route and of all that it depends on, and whether each takes
    several values."""
    known = {
        each.alias: get_origin(each.field_info.annotation) is list
        for each in dependant.query_params
    }
    for other in dependant.dependencies:
        known |= _known(other)
    return known


def _instead(name: str, known: list[str]) -> str:
    if not known:
        return "; there is none here"
    meant = [f" did you mean {each}?" for each in get_close_matches(name, known, n=1)]
    return f";{''.join(meant)} there are {', '.join(known)}"
