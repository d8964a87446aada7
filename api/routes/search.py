"""Full-text search over opinions."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import Cursor, Filtered, Limit, OpinionPage, Word, Words
from api.services import Wired

router = APIRouter(prefix="/v1", tags=["search"])


@router.get("/search")
def search(
    wired: Wired,
    filtered: Filtered,
    q: Words = "",
    policy: Word = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> OpinionPage:
    """Find the opinions whose title or text holds every word of ``q``, newest first."""
    page = wired.index.search(q, filtered.model_copy(update={"policy_id": policy}), limit, cursor)
    return OpinionPage(items=list(page.items), cursor=page.cursor, total=page.total)
