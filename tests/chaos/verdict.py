"""Counts what is left: every acknowledged record once, in the index or in the dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from minyi.dead_letter import DeadLetter
from minyi.pipeline import LinkedComment
from minyi.ports import Index
from streams.embedded import Record
from streams.topics import COMMENTS, DEAD_LETTERS, OPINIONS
from tests.chaos.broker import Content
from tests.chaos.records import Raw, poisonous, readable
from tests.chaos.undisturbed import Expected, everything, stripped


@dataclass
class Verdict:
    """What was found; good when there is no problem."""

    opinions: int = 0
    letters: int = 0
    repeated: int = 0
    """Opinions that were made more than once, beyond those of the undisturbed run."""
    problems: list[str] = field(default_factory=list)


def judge(
    expected: Expected,
    acknowledged: Sequence[Raw],
    content: Content,
    index: Index,
    resent: int = 0,
) -> Verdict:
    """Compare what is there with what should be.

    Args:
        expected: of the undisturbed run.
        acknowledged: records that were acknowledged to their sender.
        content: of the topics.
        index: everything written to it can be found.
        resent: how often a record may have come in again without a place on the topic.
    """
    letters = living(content[DEAD_LETTERS])
    found = index.digest()
    verdict = Verdict(
        opinions=found[0],
        letters=len(letters),
        repeated=max(0, len(content[OPINIONS]) - expected.made),
    )
    verdict.problems += _accepted(acknowledged, content[COMMENTS], letters)
    verdict.problems += _buried(content[COMMENTS], letters, resent)
    if found != expected.digest:
        verdict.problems += _differences(expected, index)
    return verdict


def living(records: Iterable[Record]) -> list[DeadLetter]:
    """Return the dead letters that a compacted topic holds: of each key the newest."""
    newest = {record.key: record.value for record in records}
    return [DeadLetter.from_json(value) for value in newest.values() if value]


def _accepted(
    acknowledged: Sequence[Raw], comments: Sequence[Record], letters: Sequence[DeadLetter]
) -> Iterable[str]:
    """Say which acknowledged records are nowhere."""
    ids = {comment.id for record in comments if (comment := readable(record.value))}
    known = {record.value for record in comments} | {letter.content for letter in letters}
    gone = 0
    for raw in acknowledged:
        comment = readable(raw.value)
        gone += comment.id not in ids if comment else raw.value[:65_536] not in known
    if gone:
        yield f"{gone} acknowledged records are lost by the broker"


def _buried(
    comments: Sequence[Record], letters: Sequence[DeadLetter], resent: int
) -> Iterable[str]:
    """Say which records are not in the dead letters as they should be."""
    due: Counter[bytes | str] = Counter()
    for record in comments:
        comment = readable(record.value)
        if comment is None:
            due[(record.value or b"")[:65_536]] += 1
        elif poisonous(comment):
            due[comment.id] += 1
    held = Counter(_subject(letter) for letter in letters)
    if lost := [subject for subject in due if not held[subject]]:
        yield f"{len(lost)} bad records are in no dead letter, such as {lost[0]!r:.60}"
    if doubled := [s for s in due if held[s] > due[s] + resent]:
        yield f"{len(doubled)} bad records are in dead letters twice"
    strange = [
        letter
        for letter in letters
        if _subject(letter) not in due and readable(letter.content) is not None
    ]
    strange += [letter for letter in letters if letter.stage not in ("read", "link", "tag")]
    if strange:
        first = strange[0]
        yield f"{len(strange)} good records are dead, such as at {first.stage}: {first.reason:.100}"


def _subject(letter: DeadLetter) -> bytes | str:
    """Return what a letter is about: the comment's id, or the unreadable bytes."""
    if letter.stage == "tag":
        return LinkedComment.from_json(letter.content).comment.id
    comment = readable(letter.content)
    return letter.content if comment is None else comment.id


def _differences(expected: Expected, index: Index) -> Iterable[str]:
    """Say how the index differs."""
    held: dict[str, bytes] = {}
    doubled = 0
    for opinion in everything(index):
        doubled += opinion.id in held
        held[opinion.id] = stripped(opinion)
    missing, extra = expected.opinions.keys() - held.keys(), held.keys() - expected.opinions.keys()
    other = [
        id_ for id_ in held.keys() & expected.opinions.keys() if held[id_] != expected.opinions[id_]
    ]
    named = {"missing": missing, "too many": extra, "with other content": other}
    parts = [f"{len(ids)} {name}" for name, ids in named.items() if ids]
    if doubled:
        parts.append(f"{doubled} doubled")
    yield f"the index is another: opinions {', '.join(parts) or 'differ in their digest only'}"
