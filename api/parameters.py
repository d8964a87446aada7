"""Parameters that a route does not have are refused: a filter that is misspelt narrows nothing, and
what comes back looks like the answer."""

from __future__ import annotations

from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError


def only_known(request: Request) -> None:
    """Refuse a request with a parameter that its route does not have. For ``Depends``.

    Raises:
        RequestValidationError: naming the first one, and those that there are.
    """
    known = _names(request.scope["route"].dependant)
    for name in request.query_params:
        if name not in known:
            message = f"no such parameter{_instead(name, sorted(known))}"
            raise RequestValidationError([{"loc": ("query", name), "msg": message}])


def _names(dependant: Dependant) -> set[str]:
    """Return the parameters of a route and of all that it depends on."""
    own = {each.alias for each in dependant.query_params}
    return own.union(*map(_names, dependant.dependencies))


def _instead(name: str, known: list[str]) -> str:
    if not known:
        return "; there is none here"
    meant = [f" did you mean {each}?" for each in get_close_matches(name, known, n=1)]
    return f";{''.join(meant)} there are {', '.join(known)}"
