"""The records of the domain: comment, link, opinion. The policy has a file of its own.

Every class is immutable and validates what it is given. Times are timezone-aware; a time without
a zone is read as Asia/Shanghai.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from minyi.age import Age
from minyi.errors import InvalidRecord
from minyi.json_text import Doubled, read_json
from minyi.refused import told
from minyi.vocabulary import AgeBand, Aspect, Domain, Polarity, Stance

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAX_TEXT, MAX_TITLE, MAX_URL = 20_000, 500, 2_000
MAX_ID, MAX_NAME, MAX_DEPARTMENT = 200, 100, 200
"""Characters of a field at most; a name is that of a source, region or channel."""
MAX_RECORD_BYTES = 1_000_000
"""A raw comment record above this size is refused unread: Kafka's own default for a message."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times outside are typing errors; far dates would also break month indices and axes."""


def _zoned(value: datetime) -> datetime:
    value = value if value.tzinfo else value.replace(tzinfo=SHANGHAI)
    try:
        value = value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the date is out of range") from error
    if not EARLIEST <= value < LATEST:
        raise ValueError(f"the date must lie between {EARLIEST:%Y} and {LATEST:%Y}")
    return value


_DATE = re.compile(r"\s*\d{4}-\d{2}-\d{2}")


def _no_number(value: object) -> object:
    """Refuse numbers as times, also those in text: seconds and milliseconds cannot be told apart
    safely."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and not _DATE.match(value)):
        raise ValueError("a time must be RFC 3339 text, like 2026-03-01T08:30:00+08:00")
    return value


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _readable(value: str) -> str:
    """Drop control characters, which a terminal obeys, and those that turn the direction of what is
    read; refuse lone surrogates, which no store can encode."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text holds a lone surrogate") from error
    return _CONTROL.sub("", value)


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("the text is blank")
    return value


Time = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_zoned)]
Text = Annotated[str, AfterValidator(_readable)]
Day = date
"""The type, where a field is called ``date``."""
Count = Annotated[int, Field(ge=0, le=2**53)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


def _invalid(error: ValidationError) -> InvalidRecord:
    """Turn pydantic's first complaint into a reason and the field it stands in."""
    first = error.errors(include_url=False, include_input=False)[0]
    place, reason = told(first)
    if first["type"] == "too_long":  # only texts are bounded, and pydantic counts "items"
        reason = f"must have at most {first['ctx']['max_length']:,} characters"
    return InvalidRecord(reason, f"field {place[:100]}" if place else "")


class Model(BaseModel):
    """Immutable, strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> bytes:
        """Return the record as UTF-8 JSON, keys in field order, no nulls: stable bytes."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_json(cls, raw: bytes | str) -> Self:
        """Read a record of a topic.

        Raises:
            InvalidRecord: when it does not validate; with the field and what is wrong with it.
        """
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            raise _invalid(error) from error


class Reply(Model):
    """The official reply to a comment."""

    text: Text = Field(max_length=MAX_TEXT)
    at: Time | None = None
    department: Text | None = Field(default=None, max_length=MAX_DEPARTMENT)


class Comment(Model):
    """One raw message of a person. Unknown fields of the record are kept under ``extra``."""

    id: Annotated[Text, AfterValidator(_not_blank)] = Field(min_length=1, max_length=MAX_ID)
    source: Annotated[Text, AfterValidator(_not_blank)] = Field(min_length=1, max_length=MAX_NAME)
    text: Annotated[Text, AfterValidator(_not_blank)] = Field(min_length=1, max_length=MAX_TEXT)
    created_at: Time
    title: Text | None = Field(default=None, max_length=MAX_TITLE)
    url: Text | None = Field(default=None, max_length=MAX_URL)
    author: Text | None = Field(default=None, max_length=200)
    region: Text | None = Field(default=None, max_length=MAX_NAME)
    channel: Text | None = Field(default=None, max_length=MAX_NAME)
    age: Age | None = None
    """Of the author, in years or a band; an opinion keeps the band only."""
    likes: Count | None = None
    dislikes: Count | None = None
    reply: Reply | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _keep_unknown(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        fields = cls.model_fields.keys()  # looking them up takes long
        if data.keys() <= fields and isinstance(data.get("extra", {}), dict):
            return data
        known = {k: v for k, v in data.items() if k in fields and k != "extra"}
        unknown = {str(k): v for k, v in data.items() if k not in fields}
        given = data.get("extra") or {}
        if not isinstance(given, dict):
            given = {"extra": given}
        return known | {"extra": given | unknown}

    @classmethod
    def from_json(cls, raw: bytes | str) -> Self:
        """See ``Model.from_json``; unlike others these come from anybody."""
        if len(raw) > MAX_RECORD_BYTES:
            raise InvalidRecord(
                f"the record has {len(raw):,} bytes, more than {MAX_RECORD_BYTES:,}"
            )
        try:
            data = read_json(raw)
        except (ValueError, RecursionError) as error:
            raise InvalidRecord(f"not JSON: {error}") from error
        return cls.from_mapping(data)

    @classmethod
    def from_mapping(cls, data: object) -> Self:
        """Validate a mapping.

        Raises:
            InvalidRecord: with the field and what is wrong with it.
        """
        if not isinstance(data, dict):
            raise InvalidRecord(f"a comment is a JSON object, not {type(data).__name__}")
        for part, place in ((data, ""), (data.get("reply"), "field reply")):
            if isinstance(part, Doubled):
                raise InvalidRecord(part.reason, place)
        try:
            comment = cls.model_validate(data)
            written = comment.to_json()
        except ValidationError as error:
            raise _invalid(error) from error
        except (ValueError, RecursionError) as error:  # extra fields that JSON cannot carry
            raise InvalidRecord(f"cannot be written as JSON: {error}", "field extra") from error
        if len(written) > MAX_RECORD_BYTES:  # numbers and other encodings grow
            raise InvalidRecord(
                f"the record has {len(written):,} bytes as JSON, more than {MAX_RECORD_BYTES:,}"
            )
        if comment.extra:  # as it is read back: no dates, no infinities
            return comment.model_copy(update={"extra": json.loads(written)["extra"]})
        return comment


class LinkBy(StrEnum):
    ALIAS = "alias"
    KEYWORDS = "keywords"
    SEMANTIC = "semantic"


class Link(Model):
    """Comment ↔ policy, with the evidence."""

    policy_id: str
    by: LinkBy
    evidence: tuple[str, ...] = ()
    """The matched words as written in the comment; empty for a semantic link."""
    similarity: float | None = None
    """Cosine of the two vectors, for a semantic link."""


class Evaluation(Model):
    """Praise or criticism of one aspect of how a policy is carried out."""

    aspect: Aspect
    polarity: Polarity
    probability: Probability


class StanceProbabilities(Model):
    favor: Probability
    against: Probability
    none: Probability


class Tagging(Model):
    """What the tagger says of one (policy, comment) pair.

    ``evaluations`` holds each aspect and polarity above the model's decision threshold; one
    comment may both praise and criticise the same aspect.
    """

    stance: Stance
    probabilities: StanceProbabilities
    sure: bool = True
    """False in the tagger's abstain band: its best stance is little better than the next."""
    evaluations: tuple[Evaluation, ...] = ()
    span: tuple[int, int] | None = None
    """Evidence span: start and end in characters of the comment's text, end exclusive."""


def opinion_id(comment_id: str, policy_id: str) -> str:
    """Return the external id of an opinion: 32 hex digits of SHA-256 over both ids.

    A re-delivered or replayed comment thus overwrites its own opinions.
    """
    return hashlib.sha256(f"{comment_id}\x1f{policy_id}".encode()).hexdigest()[:32]


class Opinion(Model):
    """What one comment says of one policy: the unit that is counted.

    ``author`` is a keyed hash, and what people wrote is redacted: an opinion holds no personal
    data.
    """

    id: str
    comment_id: str
    policy_id: str
    domain: Domain
    source: str
    created_at: Time
    text: str
    title: str | None = None
    url: str | None = None
    author: str | None = None
    region: str | None = None
    channel: str | None = None
    age: AgeBand | None = None
    likes: Count | None = None
    dislikes: Count | None = None
    reply: Reply | None = None
    link: Link
    stance: Stance
    probabilities: StanceProbabilities
    sure: bool = True
    """False in the tagger's abstain band."""
    evaluations: tuple[Evaluation, ...] = ()
    span: tuple[int, int] | None = None
    duplicate_key: str
    """Equal for texts that differ only in white space, punctuation, case, width or script; short
    ones with their titles."""
    model_id: str
