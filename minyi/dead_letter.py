"""A dead letter: a record that could not be read or tagged, with its reason and its bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from minyi.domain import MAX_ID, Model, Time

KEPT_BYTES = 65_536
"""Bytes of the original that are kept; what is longer is cut and says so."""
KEPT_KEY_BYTES = 1_000
"""A record's key that is longer is not kept."""
KEY_LENGTH = 32
"""Hexadecimal digits of a letter's key."""
Stage = Literal["read", "link", "tag", "index"]
"""Where a record dies, in this version."""
MADE_BY_AGENTS = ("tag", "index")
"""The stages that read what another agent has made."""


def _base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    return value


Base64 = Annotated[str, AfterValidator(_base64)]


class DeadLetter(Model):
    """One record of the topic ``dead-letters``.

    ``origin`` names where the record was read: ``topic/partition/offset`` or ``file:line``.
    """

    origin: str
    stage: str
    reason: str
    place: str = ""
    at: Time
    original: Base64
    """Base64 of the first ``KEPT_BYTES`` bytes."""
    size: int
    """Bytes of the original in full."""
    record_key: Base64 | None = None
    """Base64 of the record's own key, where it had one."""
    retry_of: str | None = None
    """The key of the letter that this record was retried from, when it died again."""
    edit_number: int | None = None
    """Of the edit that the record stems from, where it carried one."""

    @property
    def key(self) -> bytes:
        """The record's key: equal for the same record, and for whatever was retried from the same
        letter, however often it was appended.

        A record that came from outside is the same at the same origin; one that an agent made is
        made again after a crash, at another, and is the same when key and content are. A row is
        the same when origin and content are: two files may have one name.
        """
        content = f"{self.size}\x1f{self.original}"
        if self.retry_of is not None:
            source = f"retry of {self.retry_of}"
        elif self.stage in MADE_BY_AGENTS:
            source = f"{self.record_key}\x1f{content}"
        elif self.stage == "read":
            source = f"{self.origin}\x1f{content}"
        else:
            source = self.origin
        digest = hashlib.sha256(f"{source}\x1f{self.stage}".encode()).hexdigest()
        return digest[:KEY_LENGTH].encode()

    @property
    def content(self) -> bytes:
        """The original bytes, as far as they were kept."""
        return base64.b64decode(self.original)

    @property
    def own_key(self) -> bytes | None:
        """The key that the record itself had, where it is known."""
        return None if self.record_key is None else base64.b64decode(self.record_key)

    @property
    def cut(self) -> bool:
        """Whether the original was too long to be kept in full."""
        return self.size > len(self.content)

    @property
    def head(self) -> LetterHead:
        """The letter without the original."""
        own = self.model_dump(exclude={"original", "record_key", "edit_number"})
        return LetterHead(key=self.key.decode(), **own)


class LetterHead(Model):
    """A dead letter without its original: what lists show."""

    key: str
    origin: str
    stage: str
    reason: str
    place: str
    at: Time
    size: int
    retry_of: str | None = None


class LetterFilters(Model):
    """Which dead letters are meant; without any value: all."""

    stage: Stage | None = None
    since: Time | None = None
    reason: str | None = Field(default=None, max_length=200)
    """Part of the reason, in any case."""
    record_key: str | None = Field(default=None, max_length=MAX_ID)
    """The key of the record that died, where it is known: the comment's id."""

    def match(self, letter: LetterHead, record_key: bytes | None = None) -> bool:
        """Whether a letter is meant, whose record had this key."""
        return (
            self.stage in (None, letter.stage)
            and (self.record_key is None or self.record_key.encode() == record_key)
            and (self.since is None or letter.at >= self.since)
            and (self.reason is None or self.reason.casefold() in letter.reason.casefold())
        )


class LetterPage(Model):
    """Some of the dead letters, the newest first; ``cursor`` is None on the last page."""

    items: tuple[LetterHead, ...]
    cursor: str | None
    total: int
    """Letters that match, on all pages."""


class Refusal(Model):
    """Why a letter was left as it is."""

    key: str
    reason: str


class Outcome(Model):
    """What became of the letters that were to be retried or dropped."""

    done: tuple[str, ...] = ()
    """Keys of those that are gone now."""
    refused: tuple[Refusal, ...] = ()

    def joined(self, other: Outcome) -> Outcome:
        """Return both in one."""
        return Outcome(done=self.done + other.done, refused=self.refused + other.refused)


def dead_letter(
    original: bytes,
    *,
    origin: str,
    stage: str,
    reason: str,
    at: datetime,
    place: str = "",
    record_key: bytes | None = None,
    retry_of: str | None = None,
    edit_number: int | None = None,
) -> DeadLetter:
    """Make a dead letter of the original bytes."""
    keyed = record_key if record_key and len(record_key) <= KEPT_KEY_BYTES else None
    return DeadLetter(
        origin=_encodable(origin),
        stage=stage,
        reason=_encodable(reason[:1000]),
        place=_encodable(place[:200]),
        at=at,
        original=base64.b64encode(original[:KEPT_BYTES]).decode(),
        size=len(original),
        record_key=base64.b64encode(keyed).decode() if keyed else None,
        retry_of=retry_of,
        edit_number=edit_number,
    )


def _encodable(text: str) -> str:
    """Replace lone surrogates, which file names and foreign messages may hold."""
    return text.encode(errors="replace").decode()
