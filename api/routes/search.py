"""Full-text search over opinions."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import Cursor, Filtered, Limit, Word, Words
from api.services import Wired
from minyi.query import Page

router = APIRouter(prefix="/v1", tags=["search"])


@router.get("/search")
def search(
    wired: Wired,
    filtered: Filtered,
    q: Words = "",
    policy: Word = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page:
    """Find the opinions whose title or text holds every word of ``q``, newest first."""
    wanted = filtered.model_copy(update={"policy_id": policy})
    return wired.index.search(q, wanted, limit, cursor)
