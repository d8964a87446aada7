"""Known margins of a population, read from a file: how many people live where, how old they are.

YAML or JSON::

    source: 第七次全国人口普查（2020 年）
    margins:
      region: {北京市: 21893095, 天津市: 13866009}
      age: {0-17: 25338, 18-29: 18642, 30-44: 22115, 45-59: 22754, 60+: 26402}

CSV has the columns ``facet``, ``value``, ``share``; the source is the file's name. Heads or shares
are all the same: the numbers of a facet are divided by their sum. Values are written as opinions
carry them, ages are the bands of ``minyi.vocabulary.AgeBand``.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError, field_validator

from minyi.domain import Model
from minyi.errors import InvalidMargins
from minyi.query import Facet
from minyi.refused import first_told
from minyi.vocabulary import AgeBand

MAX_BYTES = 1_000_000
MAX_VALUES = 1_000
"""Values of one facet at most; all counties of China would be 2,800, too fine to be heard from."""

LEAST = 1e-12
"""Smallest share of a value: below, weights could not be computed any more."""

Value = Annotated[str, Field(min_length=1, max_length=100)]
People = Annotated[float, Field(gt=0, lt=1e12, allow_inf_nan=False)]


class Margins(Model):
    """The make-up of a population by some facets, each on its own."""

    source: str = Field(min_length=1, max_length=300)
    """Where the numbers come from; shown beside every share that rests on them."""
    margins: dict[Facet, dict[Value, People]] = Field(min_length=1)
    """Facet → value → its share of the population; the shares of a facet add up to 1."""

    @field_validator("margins")
    @classmethod
    def _of_one(cls, margins: dict[Facet, dict[str, float]]) -> dict[Facet, dict[str, float]]:
        if Facet.POLICY in margins:
            raise ValueError("people are not told apart by policy_id; name region or age")
        for facet, people in margins.items():
            if not 2 <= len(people) <= MAX_VALUES:
                raise ValueError(f"{facet} needs 2 to {MAX_VALUES:,} values, has {len(people):,}")
        unknown = set(margins.get(Facet.AGE, {})) - set(AgeBand)
        if unknown:
            raise ValueError(f"no age band {sorted(unknown)[0]!r}; say {', '.join(AgeBand)}")
        return {facet: _shares(facet, people) for facet, people in margins.items()}


def _shares(facet: Facet, people: dict[str, float]) -> dict[str, float]:
    everybody = sum(people.values())
    shares = {value: number / everybody for value, number in people.items()}
    value = min(shares, key=shares.__getitem__)
    if shares[value] < LEAST:
        raise ValueError(f"{facet}: {value!r} is less than one in a trillion of all; leave it out")
    return shares


def load_margins(file: Path) -> Margins:
    """Read a .yaml, .yml, .json or .csv file in UTF-8.

    Raises:
        InvalidMargins: naming the file, and what to mend.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InvalidMargins(f"{file}: larger than {MAX_BYTES:,} bytes; keep the margins only")
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidMargins(
            f"{file}: cannot be read: {error.strerror}; MINYI_MARGINS or --margins names a file"
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidMargins(f"{file.name}: not UTF-8; save it as UTF-8") from error
    return parse_margins(text, file.name)


def parse_margins(text: str, name: str) -> Margins:
    """Read the text of a file; the ending of ``name`` says in which format.

    Raises:
        InvalidMargins: naming the place, and what to mend.
    """
    suffix = Path(name).suffix.lower()
    try:
        if suffix == ".csv":
            found: Any = _from_csv(text, name)
        elif suffix == ".json":
            found = json.loads(text)
        elif suffix in (".yaml", ".yml"):
            found = yaml.safe_load(text)
        else:
            raise InvalidMargins(f"{name}: margins are read from .yaml, .json and .csv files")
    except (ValueError, RecursionError, yaml.YAMLError, csv.Error) as error:
        raise InvalidMargins(f"{name}: {str(error).splitlines()[0]}") from error
    try:
        return Margins.model_validate(found)
    except ValidationError as error:
        place, reason = first_told(error)
        raise InvalidMargins(
            f"{name}: {place or 'the file'}: {reason} (docs/open-data.md shows an example)"
        ) from error


def _from_csv(text: str, name: str) -> dict[str, Any]:
    margins: dict[str, dict[str, Any]] = {}
    rows = csv.DictReader(io.StringIO(text))
    if not {"facet", "value", "share"} <= set(rows.fieldnames or ()):
        raise ValueError("the first line must be facet,value,share")
    for line, row in enumerate(rows, start=2):
        values = margins.setdefault((row["facet"] or "").strip(), {})
        value = (row["value"] or "").strip()
        if value in values:
            raise ValueError(f"line {line}: {value!r} comes twice")
        values[value] = (row["share"] or "").strip()
    return {"source": name, "margins": margins}
