"""Texts without labels, for the stage that guesses hidden words.

A text that stands in a validation or test split, of a corpus or of our own labels, is left out
wherever its like stands. Those that ``targets`` validates on are not: most are training texts of
C-STANCE, and are trained on with its own targets.
"""

from __future__ import annotations

from functools import lru_cache

from minyi.text import normalise
from models.corpora import c_stance, nlpcc
from models.examples import Example, corpus
from models.labels import gold, measures

SUBJECTS = {
    "c_stance": "target",
    "nlpcc2016_stance": "target",
    "weibo_event_stance": "event",
    "weibo_2014_two_sessions": "topic_desc",
    "taidi2020_messages": "topic",
}
"""The field that names what a text is about, by corpus."""
POSTS = ("covid_weibo_daily", "weibo_2014_raw_posts")
SHORTEST = 8
"""Characters below which a post says nothing (转发微博)."""


def texts_about() -> list[Example]:
    """Texts with what they are about as their context."""
    apart = _held_out()
    return [
        Example(_plain(row[subject]), row["text"], group=name)
        for name, subject in SUBJECTS.items()
        for row in corpus(name)
        if row[subject]
        and normalise(row["text"]) not in apart
        and normalise(f"{row[subject]}\n{row['text']}") not in apart
    ]


def posts() -> list[Example]:
    """Posts that stand alone, their context empty."""
    apart = _held_out()
    return [
        Example("", row["text"], group=name)
        for name in POSTS
        for row in corpus(name)
        if len(row["text"]) >= SHORTEST and normalise(row["text"]) not in apart
    ]


@lru_cache(maxsize=1)
def _held_out() -> frozenset[str]:
    """Return all texts that something is validated or tested on, as ``normalise`` writes them."""
    rows = [
        row
        for split in ("val", "test")
        for found in (
            gold(split),
            gold(split, linked=False),
            measures(split),
            nlpcc(split),
            c_stance(split),
        )
        for row in found
    ]
    return frozenset(normalise(row.text) for row in rows)


def _plain(subject: str) -> str:
    """Return a subject without the English that topics of the Two Sessions carry: 二胎政策
    second_child."""
    words = subject.split()
    return words[0] if len(words) == 2 and "_" in words[1] else subject.strip()
