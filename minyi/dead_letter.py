"""A dead letter: a record that could not be read or tagged, with its reason and its bytes."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from minyi.domain import Model

KEPT_BYTES = 65_536
"""Bytes of the original that are kept; what is longer is cut and says so."""


class DeadLetter(Model):
    """One record of the topic ``dead-letters``.

    ``origin`` names where the record was read: ``topic/partition/offset`` or ``file:line``.
    """

    origin: str
    stage: str
    reason: str
    place: str = ""
    at: datetime
    original: str
    """Base64 of the first ``KEPT_BYTES`` bytes."""
    size: int
    """Bytes of the original in full."""

    @property
    def key(self) -> bytes:
        """The record's key: equal for the same record at the same origin."""
        return hashlib.sha256(f"{self.origin}\x1f{self.stage}".encode()).hexdigest()[:32].encode()

    @property
    def content(self) -> bytes:
        """The original bytes, as far as they were kept."""
        return base64.b64decode(self.original)


def dead_letter(
    original: bytes, *, origin: str, stage: str, reason: str, at: datetime, place: str = ""
) -> DeadLetter:
    """Make a dead letter of the original bytes."""
    return DeadLetter(
        origin=_encodable(origin),
        stage=stage,
        reason=_encodable(reason[:1000]),
        place=_encodable(place[:200]),
        at=at,
        original=base64.b64encode(original[:KEPT_BYTES]).decode(),
        size=len(original),
    )


def _encodable(text: str) -> str:
    """Replace lone surrogates, which file names and foreign messages may hold."""
    return text.encode(errors="replace").decode()
