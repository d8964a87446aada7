"""The steps between the topics, pure: redact and hash a comment, make opinions of taggings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minyi.age import band_of
from minyi.domain import (
    MAX_DEPARTMENT,
    MAX_NAME,
    MAX_TEXT,
    MAX_TITLE,
    MAX_URL,
    Comment,
    Link,
    Model,
    Opinion,
    Reply,
    Tagging,
    opinion_id,
)
from minyi.placeholders import is_nobody
from minyi.policy import Policy
from minyi.redaction import kinds_in, redact
from minyi.text import duplicate_key, headed, joined, keyed_hash


class LinkedComment(Model):
    """What the ``link`` agent hands to the ``tag`` agent."""

    comment: Comment
    links: tuple[Link, ...]


def protect(comment: Comment, author_key: str) -> Comment:
    """Return the comment without personal data.

    Every text of it is redacted, also the names of source, channel, region and department, which
    may hold the number of a contact. 〔姓名〕 is longer than most names: what a field may not hold
    any more is cut off, or nobody could read the comment. The author is replaced by a keyed hash,
    and so is an id that holds personal data, which came with its source or was there: redacted ones
    could be the same. Unknown fields are dropped, since nobody knows what they hold. A name that
    stands for nobody, like 匿名, is no author: those who share it are not one person.
    """
    reply = comment.reply
    author = None if is_nobody(comment.author or "") else comment.author
    return comment.model_copy(
        update={
            "id": protected_id(comment.id, author_key, comment.source),
            "source": redact(comment.source)[:MAX_NAME],
            "text": redact(comment.text)[:MAX_TEXT],
            "title": _redacted(comment.title, MAX_TITLE),
            "url": _redacted(comment.url, MAX_URL),
            "author": keyed_hash(author, author_key) if author else None,
            "region": _redacted(comment.region, MAX_NAME),
            "channel": _redacted(comment.channel, MAX_NAME),
            "reply": _protected(reply) if reply else None,
            "extra": {},
        }
    )


def protected_id(id_: str, key: str, source: str = "") -> str:
    """Return the id under which a comment's opinions are kept: a keyed hash where it holds personal
    data."""
    prefix = f"{source}:"
    # looked at apart: 微信:2026030100012 is a number of that source, and no account
    parts = (prefix, id_.removeprefix(prefix)) if id_.startswith(prefix) else (id_,)
    kinds = {kind for part in parts for kind in kinds_in(part)}
    # sixteen digits in an id are the number of a post, which leads back to it, and no bank card's
    return f"hashed-{keyed_hash(id_, key)}" if kinds - {"卡号"} else id_


def protected_ids(id_: str, key: str) -> list[str]:
    """Return the ids that a comment may be kept under whose source is not known."""
    source = id_.partition(":")[0]
    return list(dict.fromkeys((protected_id(id_, key), protected_id(id_, key, source))))


def _protected(reply: Reply) -> Reply:
    return reply.model_copy(
        update={
            "text": redact(reply.text)[:MAX_TEXT],
            "department": _redacted(reply.department, MAX_DEPARTMENT),
        }
    )


def _redacted(text: str | None, longest: int) -> str | None:
    return redact(text)[:longest] if text else None


def reading(comment: Comment) -> str:
    """Return what the tagger reads: title and text, unless the text repeats the title."""
    return joined(comment.title, comment.text)


def opinions(
    linked: LinkedComment,
    taggings: Sequence[Tagging],
    policies: Mapping[str, Policy],
    model_id: str,
) -> list[Opinion]:
    """Return one opinion a link.

    Args:
        linked: a protected comment and its links.
        taggings: one a link, of ``reading(linked.comment)``.
        policies: the registry; must hold every linked policy.
        model_id: of the tagger.
    """
    comment = linked.comment
    offset = len(reading(comment)) - len(comment.text)
    return [
        Opinion(
            id=opinion_id(comment.id, link.policy_id),
            comment_id=comment.id,
            policy_id=link.policy_id,
            domain=policies[link.policy_id].domain,
            source=comment.source,
            created_at=comment.created_at,
            text=comment.text,
            title=comment.title,
            url=comment.url,
            author=comment.author,
            region=comment.region,
            channel=comment.channel,
            age=band_of(comment.age),
            likes=comment.likes,
            dislikes=comment.dislikes,
            reply=comment.reply,
            link=link,
            stance=tagging.stance,
            probabilities=tagging.probabilities,
            sure=tagging.sure,
            evaluations=tagging.evaluations,
            span=_in_text(tagging.span, offset),
            duplicate_key=duplicate_key(headed(comment.title, comment.text)),
            model_id=model_id,
        )
        for link, tagging in zip(linked.links, taggings, strict=True)
    ]


def _in_text(span: tuple[int, int] | None, offset: int) -> tuple[int, int] | None:
    """Move a span from the reading to the text; one in the title has no place in the text."""
    if span is None or span[0] < offset:
        return None
    return span[0] - offset, span[1] - offset
