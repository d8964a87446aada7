"""The age of an author, as a comment gives it: in years, or in one of our bands where only that is
known."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from minyi.refused import first_told
from minyi.vocabulary import AgeBand

_Years = Annotated[int, Field(ge=0, le=130)]
_YEARS: TypeAdapter[int] = TypeAdapter(_Years)
_BANDS = frozenset(AgeBand)


def _age(value: object) -> int | AgeBand:
    """Return a band or years; what is neither is refused as years, in one sentence."""
    if isinstance(value, str) and value in _BANDS:
        return AgeBand(value)
    try:
        return _YEARS.validate_python(value)
    except ValidationError as error:
        raise ValueError(first_told(error)[1]) from error


Age = Annotated[_Years | AgeBand, BeforeValidator(_age)]


def band_of(age: int | AgeBand | None) -> AgeBand | None:
    """Return the band of an age, None where it is not known."""
    return AgeBand.of(age) if isinstance(age, int) else age
