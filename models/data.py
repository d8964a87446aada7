"""Where training and scoring rows come from.

Public corpora are read from the shared folder and never copied; the project holds row ids with
labels of its own (``data/labels/opinions_gold.jsonl``) and comments written for it
(``data/labels/train_comments.tsv``). Test splits are returned only when asked for by name.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import yaml

from minyi.domain import Policy
from minyi.errors import SettingError
from minyi.settings import ROOT
from minyi.text import fold
from minyi.vocabulary import Aspect, Polarity, Stance
from models.artifact import file_hash
from models.config import shared_folder
from models.inputs import CELLS, STANCES, policy_context

LABELS = ROOT / "data" / "labels"
STREAM = ROOT / "data" / "stream"
POLICIES = ROOT / "data" / "policies"
UNKNOWN = -1
STANCE_INDEX = {stance: index for index, stance in enumerate(STANCES)}
CELL_INDEX = {
    f"{aspect}{'+' if polarity is Polarity.PRAISE else '-'}": index
    for index, (aspect, polarity) in enumerate(CELLS)
}
"""``cost-`` and the like, as the label files write a cell."""


@dataclass(frozen=True, slots=True)
class Example:
    """One (policy, comment) pair with what is known of it.

    ``stance`` is an index into ``STANCES`` or ``UNKNOWN``; ``evaluation`` holds for each of
    ``CELLS`` 1, 0 or ``UNKNOWN``. ``group`` is what scores are broken down by.
    """

    context: str
    text: str
    stance: int = UNKNOWN
    evaluation: tuple[int, ...] = (UNKNOWN,) * len(CELLS)
    group: str = ""


@lru_cache(maxsize=1)
def policies() -> dict[str, Policy]:
    """Return the registry by id."""
    found: dict[str, Policy] = {}
    for path in sorted(POLICIES.glob("*.yaml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        for entry in document["policies"]:
            policy = Policy.model_validate({"domain": document["domain"], **entry})
            found[policy.id] = policy
    return found


@lru_cache(maxsize=32)
def corpus(name: str) -> tuple[dict[str, Any], ...]:
    """Return all rows of a corpus in the shared folder.

    Raises:
        SettingError: when the shared folder or the corpus is missing.
    """
    path = shared_folder() / "data" / f"{name}.jsonl.xz"
    if not path.is_file():
        raise SettingError(f"the corpus {path} is missing")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines if line.strip())


def held_out(key: str, share: float) -> bool:
    """Whether a row belongs to a held-out part: a fixed function of its key."""
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:4]) < share * 2**32


# --- stance corpora -------------------------------------------------------------------------

NLPCC_POLICIES = {"深圳禁摩限电": "motorcycle-ebike-ban", "开放二胎": "second-child"}
NLPCC_OPPOSED = {"春节放鞭炮": "fireworks-ban"}
"""To favor this target is to be against the policy."""
_FLIP = {Stance.FAVOR: Stance.AGAINST, Stance.AGAINST: Stance.FAVOR, Stance.NONE: Stance.NONE}


def nlpcc(split: str) -> list[Example]:
    """NLPCC 2016 Task 4 A. ``val`` is a tenth of the official training set."""
    found = []
    for row in corpus("nlpcc2016_stance"):
        official = "train" if split == "val" else split
        if row["split"] != official or not row["stance"]:
            continue
        if split != "test" and held_out(f"nlpcc{row['id']}", 0.1) != (split == "val"):
            continue
        stance = STANCE_INDEX[Stance(row["stance"].lower())]
        found.append(Example(row["target"], row["text"], stance, group=row["target"]))
    return found


def nlpcc_as_policies(examples: Iterable[Example]) -> Iterator[Example]:
    """The rows whose target is a policy of the registry, read as that policy. A target that the
    policy forbids turns the stance round."""
    for example in examples:
        policy = NLPCC_POLICIES.get(example.group) or NLPCC_OPPOSED.get(example.group)
        if policy is None:
            continue
        stance = STANCES[example.stance]
        if example.group in NLPCC_OPPOSED:
            stance = _FLIP[stance]
        context = policy_context(policies()[policy])
        yield replace(example, context=context, stance=STANCE_INDEX[stance])


def c_stance(split: str, kind: str | None = None) -> list[Example]:
    """C-STANCE subtask A; ``kind`` is ``noun_phrase``, ``claim`` or None for both."""
    return [
        Example(
            row["target"],
            row["text"],
            STANCE_INDEX[Stance(row["stance"].lower())],
            group=row["target_type"],
        )
        for row in corpus("c_stance")
        if row["split"] == split and kind in (None, row["target_type"])
    ]


# --- our own labels -------------------------------------------------------------------------


def _cells(names: Iterable[str]) -> tuple[int, ...]:
    marked = {CELL_INDEX[name] for name in names}
    return tuple(int(index in marked) for index in range(len(CELLS)))


_STANCE_LETTER = {"f": Stance.FAVOR, "a": Stance.AGAINST, "n": Stance.NONE}


def comments(split: str) -> list[Example]:
    """Comments written for the project; ``val`` is a seventh of them, by text."""
    found = []
    lines = (LABELS / "train_comments.tsv").read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        fields = line.split("\t")
        if len(fields) != 6:
            raise SettingError(f"train_comments.tsv, line {number}: {len(fields)} fields, not 6")
        ids, stances, evaluations, style, title, text = fields
        if ids == "-" or held_out(text, 1 / 7) != (split == "val"):
            continue
        whole = text if title == "-" else f"{title}\n{text}"
        for policy, stance, cells in zip(
            ids.split(";"), stances.split(";"), evaluations.split(";"), strict=True
        ):
            found.append(
                Example(
                    policy_context(policies()[policy]),
                    whole,
                    STANCE_INDEX[_STANCE_LETTER[stance]],
                    _cells(() if cells == "-" else cells.split(",")),
                    style,
                )
            )
    return found


def gold(split: str) -> list[Example]:
    """Real rows with labels of our own, texts looked up in the shared folder. Held-out splits
    leave out rows of NLPCC and C-STANCE, whose texts may stand in the stance corpora's training
    sets."""
    found = []
    for line in (LABELS / "opinions_gold.jsonl").read_text("utf-8").splitlines():
        label = json.loads(line)
        seen = label["dataset"] in ("nlpcc2016_stance", "c_stance")
        if label["split"] != split or (seen and split != "train"):
            continue
        found.append(
            Example(
                policy_context(policies()[label["policy"]]),
                _texts(label["dataset"])[label.get("id", label.get("row"))],
                STANCE_INDEX[Stance(label["stance"])],
                _cells(label["evaluation"]),
                label["dataset"],
            )
        )
    return found


@lru_cache(maxsize=8)
def _texts(dataset: str) -> dict[int, str]:
    """Return title and text by what a label names: the id, or the row where there is none."""
    if dataset == "taidi2020_messages":
        return {row["id"]: f"{row['topic']}\n{row['text']}" for row in corpus(dataset)}
    if dataset == "nlpcc2016_stance":
        return {row["id"]: row["text"] for row in corpus(dataset) if row["split"] == "train"}
    return {number: row["text"] for number, row in enumerate(corpus(dataset))}


def stream() -> list[Example]:
    """The bundled stream with its ground truth: scored on, never trained on. Grouped by style."""
    texts = {}
    for line in (STREAM / "comments.jsonl").read_text("utf-8").splitlines():
        comment = json.loads(line)
        texts[comment["id"]] = "\n".join(filter(None, (comment.get("title"), comment["text"])))
    found = []
    for line in (STREAM / "truth.jsonl").read_text("utf-8").splitlines():
        truth = json.loads(line)
        found += [
            Example(
                policy_context(policies()[label["policy"]]),
                texts[truth["id"]],
                STANCE_INDEX[Stance(label["stance"])],
                _cells(label["evaluations"]),
                truth["style"],
            )
            for label in truth["labels"]
        ]
    return found


# --- made from the others -------------------------------------------------------------------


def unrelated(split: str) -> list[Example]:
    """Our comments beside a policy of another domain that they do not name: none, nothing said."""
    choice = random.Random(7)  # noqa: S311
    by_context = {policy_context(policy): policy for policy in policies().values()}
    every = list(by_context)
    found = []
    for example in comments(split):
        other = choice.choice(every)
        policy, own = by_context[other], by_context[example.context]
        text = fold(example.text)
        named = any(fold(name) in text for name in (*policy.aliases, *policy.keywords))
        if policy.domain != own.domain and not named:
            none = STANCE_INDEX[Stance.NONE]
            found.append(replace(example, context=other, stance=none, evaluation=_cells(())))
    return found


_CUES = {
    Aspect.SERVICE: ("服务", "态度", "前台", "客服"),
    Aspect.COST: ("价格", "贵", "便宜", "性价比", "实惠"),
    Aspect.CONVENIENCE: ("方便", "便利", "麻烦", "交通"),
}


def reviews(split: str) -> list[Example]:
    """Hotel and take-away reviews as weak labels: a short review that names one aspect's cue
    judges that aspect in the review's direction. Stance and all other cells stay unknown."""
    rows = [
        ("酒店住宿", row["cols"][0], row["cols"][1] == "positive")
        for row in corpus("chnsenticorp")
        if row.get("split") == "train" and len(row.get("cols", ())) == 2
    ]
    rows += [("外卖配送", row["text"], bool(row["label"])) for row in corpus("waimai_10k")]
    found = []
    for context, text, positive in rows:
        named = [aspect for aspect, cues in _CUES.items() if any(cue in text for cue in cues)]
        if len(named) != 1 or len(text) > 80 or held_out(text, 0.05) != (split == "val"):
            continue
        cells = [UNKNOWN] * len(CELLS)
        cells[CELL_INDEX[f"{named[0]}+"]] = int(positive)
        cells[CELL_INDEX[f"{named[0]}-"]] = int(not positive)
        found.append(Example(context, text, evaluation=tuple(cells), group=named[0]))
    return found


SOURCES: dict[str, Callable[[str], list[Example]]] = {
    "nlpcc": nlpcc,
    "nlpcc_policies": lambda split: list(nlpcc_as_policies(nlpcc(split))),
    "c_stance_noun": lambda split: c_stance(split, "noun_phrase"),
    "c_stance_claim": lambda split: c_stance(split, "claim"),
    "comments": comments,
    "gold": gold,
    "unrelated": unrelated,
    "reviews": reviews,
}
"""Training sources by the name that a configuration gives."""


def plain_texts(count: int, seed: int) -> list[str]:
    """Single texts on which the embedding is held to the base encoder's: policy titles, subjects
    of petitions, posts on policies."""
    texts = [row["title"] for row in corpus("policy_titles_china")]
    texts += [row["topic"] for row in corpus("taidi2020_messages") if row["topic"]]
    texts += [row["text"] for row in corpus("weibo_2014_two_sessions")]
    choice = random.Random(seed)  # noqa: S311
    return choice.sample(sorted(set(texts)), count)


def data_hashes() -> dict[str, str]:
    """Return the SHA-256 of every file that training reads, by name."""
    names = (
        "nlpcc2016_stance",
        "c_stance",
        "chnsenticorp",
        "waimai_10k",
        "taidi2020_messages",
        "weibo_2014_two_sessions",
        "policy_titles_china",
    )
    paths = [shared_folder() / "data" / f"{name}.jsonl.xz" for name in names]
    paths += sorted(LABELS.glob("*.tsv")) + sorted(LABELS.glob("opinions_gold.jsonl"))
    paths += sorted(POLICIES.glob("*.yaml"))
    return {path.name: file_hash(path) for path in paths}
