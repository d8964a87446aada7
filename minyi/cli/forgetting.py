"""``minyi index forget``: a comment is deleted on somebody's request."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from minyi.cli.log_owner import opened_log
from minyi.cli.opening import existing_index
from minyi.cli.options import Data
from minyi.cli.wiring import settings
from minyi.dead_letter import LetterFilters
from minyi.domain import MAX_ID
from minyi.errors import InvalidQuery
from minyi.pipeline import protected_ids
from minyi.ports import About
from minyi.settings import Settings

REMAINS = (
    "not reached (docs/operations.md says what to do): its records on the topics comments, links "
    "and opinions; recordings and backups made before, whose replay would bring it back; dead "
    "letters of rows and requests, which do not tell the comment; files of labels; what open data "
    "and alerts have told"
)


def forget(
    comment_ids: Annotated[
        list[str], typer.Argument(help="Ids of comments, as sent or as the index has them.")
    ],
    data: Data = None,
) -> None:
    """Delete the opinions and dead letters of comments for good, as somebody asks for theirs.

    The topic comments is told, so that neither what is under way nor a replay brings them back.
    """
    ids = list(dict.fromkeys(comment_ids))
    for id_ in ids:
        if not id_.strip() or len(id_) > MAX_ID or not id_.isprintable():
            raise InvalidQuery(f"{id_[:50]!r} is no id of a comment")
    asyncio.run(_forget(settings(data), ids))


async def _forget(config: Settings, ids: list[str]) -> None:
    from streams.author_key import author_key

    key = author_key(config)
    kept = {id_: protected_ids(id_, key) for id_ in ids}
    with existing_index(config) as index:
        async with opened_log(config) as log:
            await log.sink.withdraw(ids)
            for id_, protected in kept.items():
                index.refresh()
                opinions = index.retract([About(name) for name in protected])
                heads = [
                    head
                    for name in dict.fromkeys((id_, *protected))
                    for head in await log.letters.matching(LetterFilters(record_key=name))
                ]
                dropped = await log.letters.drop([head.key for head in heads])
                print(f"{id_}: {opinions:,} opinions, {len(dropped.done):,} dead letters deleted")
    print(REMAINS)
