"""Texts without labels, for the stage that guesses hidden words.

What is held out is left out where rows are read (``models.rows.sources.rows_of``); here only
petitions, which are held out with their title.
"""

from __future__ import annotations

from minyi.text import duplicate_key
from models.rows.apart import keys_apart
from models.rows.examples import Example, corpus

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
    apart = keys_apart()
    return [
        Example(_plain(row[subject]), row["text"], group=name)
        for name, subject in SUBJECTS.items()
        for row in corpus(name)
        if row[subject] and duplicate_key(f"{row[subject]}\n{row['text']}") not in apart
    ]


def posts() -> list[Example]:
    """Posts that stand alone, their context empty."""
    return [
        Example("", row["text"], group=name)
        for name in POSTS
        for row in corpus(name)
        if len(row["text"]) >= SHORTEST
    ]


def _plain(subject: str) -> str:
    """Return a subject without the English that topics of the Two Sessions carry: 二胎政策
    second_child."""
    words = subject.split()
    return words[0] if len(words) == 2 and "_" in words[1] else subject.strip()
