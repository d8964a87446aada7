"""What changed in the talk about a policy, and how it was before and after a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.schemas import Scope
from api.services import KnownPolicy, Wired
from minyi.changes.comparison import DAYS, MOST_DAYS, Comparison, read_comparison
from minyi.changes.daily import read_days
from minyi.changes.detection import ARL, LEAST_ARL, MOST_ARL, Changes
from minyi.changes.detection import changes as detect
from minyi.clock import today
from minyi.domain import EARLIEST, LATEST
from minyi.shares.denominators import Count

router = APIRouter(prefix="/v1/policies/{policy_id}", tags=["policies"])


@router.get("/changes")
def changes(
    wired: Wired,
    known: KnownPolicy,
    scope: Scope,
    arl: Annotated[int, Query(ge=LEAST_ARL, le=MOST_ARL)] = ARL,
    count: Count = Count.OPINIONS,
) -> Changes:
    """Return the detected changes of support, opposition, criticism by aspect and volume, the
    newest first, and the policy's events.

    Without a change, one series sounds a false alarm once in ``arl`` watched days at most, on
    average. Weekday effects are taken off; Spring Festival, two sessions and National Day are left
    out, and so is the newest day, which may not be over. ``count`` says what counts as one."""
    scope = scope.model_copy(update={"policy_id": known.id})
    return detect(known, read_days(wired.index, scope, today(wired.clock), count), arl)


@router.get("/comparison")
def comparison(
    wired: Wired,
    known: KnownPolicy,
    scope: Scope,
    date: Annotated[date, Query(ge=EARLIEST.date(), lt=LATEST.date())],
    days: Annotated[int, Query(ge=7, le=MOST_DAYS)] = DAYS,
    count: Count = Count.OPINIONS,
) -> Comparison:
    """Compare the ``days`` before a date with as many from it on: the difference of every share
    with its 95 % interval. A comparison, not a cause: whatever else happened is in it too."""
    return read_comparison(
        wired.index, known.id, scope, today(wired.clock), date, days, wired.adjuster, count
    )
