"""One training or scoring row, and what rows are read from.

Public corpora are read from the shared folder and never copied; the project holds row ids with
labels of its own and comments written for it. Test splits are returned only when asked for by
name.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from minyi.errors import SettingError
from minyi.policy import Policy
from minyi.settings import ROOT
from minyi.vocabulary import Polarity
from models.inputs import CELLS, STANCES, policy_context, policy_names
from models.rows.shared import shared_folder

POLICIES = ROOT / "data" / "policies"
_served: dict[str, Policy] = {}
"""The policies that are served, by id (``use_registry``)."""
UNKNOWN = -1
"""In the place of a stance or a cell that nobody has judged."""
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
    ``CELLS`` 1, 0 or ``UNKNOWN``. ``names`` are the policy's, for finding the passage of a long
    comment that speaks of it. ``group`` is what scores are broken down by. ``spans`` are the first
    and last (exclusive) characters of the clauses that show the stance, where they were marked.
    """

    context: str
    text: str
    stance: int = UNKNOWN
    evaluation: tuple[int, ...] = (UNKNOWN,) * len(CELLS)
    names: tuple[str, ...] = ()
    group: str = ""
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def pair(self) -> tuple[str, str, tuple[str, ...]]:
        """What the tagger reads of it: context, text and the policy's names."""
        return self.context, self.text, self.names

    @property
    def labelled(self) -> bool:
        """Whether anything is known of it."""
        return self.stance != UNKNOWN or any(cell != UNKNOWN for cell in self.evaluation)


def about(
    policy: Policy,
    text: str,
    stance: int,
    cells: Iterable[str],
    group: str = "",
    spans: Iterable[tuple[int, int]] = (),
) -> Example:
    """Return the row of a policy and a comment; ``cells`` are names of ``CELL_INDEX``."""
    context, names = policy_context(policy), policy_names(policy)
    return Example(context, text, stance, cells_of(cells), names, group, tuple(spans))


def cells_of(names: Iterable[str]) -> tuple[int, ...]:
    """Return 1 for each cell that is named and 0 for the others."""
    marked = {CELL_INDEX[name] for name in names}
    return tuple(int(index in marked) for index in range(len(CELLS)))


@lru_cache(maxsize=1)
def policies() -> dict[str, Policy]:
    """Return the project's registry by id."""
    found: dict[str, Policy] = {}
    for path in sorted(POLICIES.glob("*.yaml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        for entry in document["policies"]:
            policy = Policy.model_validate({"domain": document["domain"], **entry})
            found[policy.id] = policy
    return found


def use_registry(served: Mapping[str, Policy]) -> None:
    """Let a user's own rows name the policies that are served, by id.

    Args:
        served: the configured registry; an id that the project's registry has too is this one's.
    """
    _served.clear()
    _served.update(served)


def known_policies() -> dict[str, Policy]:
    """Return by id what a user's own rows can name: the policies that are served, and those of the
    project's registry."""
    return policies() | _served


def policies_by_context(registry: Mapping[str, Policy]) -> dict[str, Policy]:
    """Return a registry by what the tagger reads of a policy, as rows hold it."""
    return {policy_context(policy): policy for policy in registry.values()}


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
