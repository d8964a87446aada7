"""``minyi …`` with a stand-in for the model: what is tried here is records, not readings.

``MINYI_TEST_CHAOS_DEPLOY=refusing`` makes it a bad deploy, which can read no comment at all;
``MINYI_TEST_CHAOS_FILE_BYTES`` lets no file of it grow further, as a full disk would.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from typing import cast
from zlib import crc32

from minyi.cli import main, wiring
from minyi.domain import Comment, StanceProbabilities, Tagging
from minyi.errors import InvalidRecord
from minyi.policy import Policy
from minyi.settings import Settings
from minyi.vocabulary import Stance
from models.runtime import OnnxTagger

DEPLOY = "MINYI_TEST_CHAOS_DEPLOY"
FILE_BYTES = "MINYI_TEST_CHAOS_FILE_BYTES"
REFUSING = "refusing"
POISON = "毒丸"


class QuickTagger:
    """Draws a stance from policy and text, always the same; fails on what holds ``POISON``."""

    model_id = "chaos"

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        if any(POISON in text for _, text in pairs):
            raise ValueError("the tagger chokes on this text")
        return [_tagging(f"{policy.id} {text}") for policy, text in pairs]


def _tagging(reading: str) -> Tagging:
    stance = list(Stance)[crc32(reading.encode()) % len(Stance)]
    sure = {each.value: float(each is stance) for each in Stance}
    return Tagging(stance=stance, probabilities=StanceProbabilities(**sure))


def _refuse(raw: bytes) -> Comment:
    raise InvalidRecord("this deploy reads no comment")


def _tagger(config: Settings) -> OnnxTagger:
    return cast(OnnxTagger, QuickTagger())


def run() -> None:
    """Be ``minyi`` with the given arguments."""
    wiring.tagger = _tagger
    if os.environ.get(DEPLOY) == REFUSING:
        Comment.from_json = staticmethod(_refuse)  # type: ignore[method-assign,assignment]
    if limit := os.environ.get(FILE_BYTES):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    main()


if __name__ == "__main__":
    run()
