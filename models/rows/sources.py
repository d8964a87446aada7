"""The training sources by name, and the hashes of what they read."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from minyi.errors import SettingError
from minyi.text import fold
from models.artifact import file_hash
from models.rows.apart import to_learn_from
from models.rows.corpora import c_stance, nlpcc, unrelated
from models.rows.examples import POLICIES, Example, corpus, policies
from models.rows.labels import (
    LABELS,
    PETITIONS,
    comments,
    contrasts,
    gold,
    inferred,
    measures,
    nlpcc_unlabelled,
    nouns,
    others,
    stream,
    targets,
)
from models.rows.own import read_labelled, registry_hash
from models.rows.shared import shared_folder
from models.rows.texts import posts, texts_about

Rows = Callable[[str], list[Example]]
"""Returns the rows of a split, train or val."""
SOURCES: dict[str, Rows] = {
    "nlpcc": nlpcc,
    "nlpcc_unlabelled": nlpcc_unlabelled,
    "c_stance_noun": lambda split: c_stance(split, "noun_phrase"),
    "c_stance_claim": lambda split: c_stance(split, "claim"),
    "comments": comments,
    "contrasts": lambda split: contrasts() if split == "train" else [],
    "others": others,
    "gold": gold,
    "not_about": lambda split: gold(split, linked=False),
    "unrelated": unrelated,
    "targets": targets,
    "measures": measures,
    "measures_petitions": lambda split: [row for row in measures(split) if row.group == PETITIONS],
    "measures_posts": lambda split: [row for row in measures(split) if row.group != PETITIONS],
    "nouns": nouns,
    "inferred": inferred,
    "texts_about": lambda split: texts_about() if split == "train" else [],
    "posts": lambda split: posts() if split == "train" else [],
}
"""Training sources by the name that a configuration gives."""
OWN = "data"
BUNDLED = frozenset({"comments", "contrasts", "others", OWN})
"""Sources that read no corpora."""


def sources(data: Path | None) -> dict[str, Rows]:
    """Return the sources by name, a user's own file of labelled comments among them as ``data``."""
    own: dict[str, Rows] = {OWN: partial(read_labelled, data)} if data else {}
    return SOURCES | own


def source(name: str, data: Path | None = None) -> Rows:
    """Return what reads the rows of a source.

    Raises:
        SettingError: when there is no such source.
    """
    known = sources(data)
    if name == OWN and data is None:
        raise SettingError("the configuration reads your own labelled comments: give --data FILE")
    if name not in known:
        raise SettingError(f"no source {name}; known are {', '.join(known)}")
    return known[name]


def rows_of(
    name: str, split: str, data: Path | None = None, without: Sequence[str] = ()
) -> list[Example]:
    """Return the rows of a source, but for those that name a word of ``without``; of the corpora,
    no training row whose text is held out somewhere.

    Raises:
        SettingError: when there is no such source, or what it reads is missing or wrong.
    """
    rows = source(name, data)(split)
    if split == "train" and name not in BUNDLED:
        rows = to_learn_from(rows)
    return but_for(rows, without)


def but_for(rows: Iterable[Example], words: Sequence[str]) -> list[Example]:
    """Return the rows whose policy or target names none of the words (folded)."""
    return [row for row in rows if not any(word in fold(row.context) for word in words)]


def reads_corpora(names: Iterable[str]) -> bool:
    """Whether one of these sources reads the corpora."""
    return bool(set(names) - BUNDLED)


def plain_texts(count: int | None, seed: int) -> list[str]:
    """Return single texts to fit the text vector on: policy titles, subjects of petitions, posts on
    policies; at most ``count`` of them, drawn with the seed, None for all in some order."""
    texts = [row["title"] for row in corpus("policy_titles_china")]
    texts += [row["topic"] for row in corpus(PETITIONS) if row["topic"]]
    texts += [row["text"] for row in corpus("weibo_2014_two_sessions")]
    choice = random.Random(seed)  # noqa: S311
    every = sorted(set(texts))
    return choice.sample(every, len(every) if count is None else min(count, len(every)))


def own_texts(count: int) -> list[str]:
    """Return texts that are part of the project, for those who have no corpora."""
    rows = comments("train") + stream()
    parts = [part for row in rows for part in (row.text, *row.text.split("\n"))]
    titles = [policy.title for policy in policies().values()]
    return list(dict.fromkeys(titles + parts))[:count]


def data_hashes(corpora: bool, data: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of every file that training reads, by name: the corpora, a user's own
    file, the project's labels and policies. Names of the last two and the corpora differ by their
    endings; a user's file that is called like one of them stands as ``data/NAME``. Where its rows
    read policies of another registry, what they read stands as ``MINYI_REGISTRY``.

    Args:
        corpora: whether the corpora are read.
        data: a user's own file.

    Raises:
        SettingError: when one of them is missing, or a user's own file cannot be read.
    """
    names = (
        "nlpcc2016_stance",
        "c_stance",
        PETITIONS,
        "weibo_2014_two_sessions",
        "weibo_2014_raw_posts",
        "covid_weibo_daily",
        "ncov_10k_test_unlabelled",
        "smp2020_ewect",
        "weibo_event_stance",
        "policy_titles_china",
    )
    folder = shared_folder() / "data" if corpora else None
    paths = [folder / f"{name}.jsonl.xz" for name in names] if folder else []
    paths += sorted(LABELS.glob("*.tsv")) + sorted(LABELS.glob("opinions_gold.jsonl"))
    paths += sorted(POLICIES.glob("*.yaml"))
    named = {path.name: path for path in paths}
    if data:
        named[f"{OWN}/{data.name}" if data.name in named else data.name] = data
    try:
        hashes = {name: file_hash(path) for name, path in named.items()}
    except OSError as error:
        raise SettingError(f"what training reads cannot be read: {error}") from error
    if data and (served := registry_hash(data)):
        hashes["MINYI_REGISTRY"] = served
    return hashes
