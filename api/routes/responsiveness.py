"""Who gets an answer, and how soon."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from api.answering import AnsweringSources
from api.schemas import Scope
from api.services import KnownPolicy, Wired
from minyi.clock import today
from minyi.query import Filters
from minyi.replies.responsiveness import LATE, MOST_LATE, By, Responsiveness, read_responsiveness

router = APIRouter(prefix="/v1", tags=["responsiveness"])


def answering(request: Request) -> AnsweringSources:
    """Return what knows the sources that answer."""
    found = request.app.state.answering
    assert isinstance(found, AnsweringSources)  # noqa: S101  # set by create_app
    return found


Answering = Annotated[AnsweringSources, Depends(answering)]
LateAfter = Annotated[int, Query(ge=1, le=MOST_LATE)]


@router.get("/responsiveness")
def of_all(
    wired: Wired,
    sources: Answering,
    scope: Scope,
    by: By = By.DEPARTMENT,
    late_after: LateAfter = LATE,
) -> Responsiveness:
    """Return the answered share and the time to an answer by department, region, policy or source,
    over all policies; an opinion on two policies of a department counts twice there.

    Unanswered opinions count as waiting for as long as they were followed (Kaplan and Meier), and
    sources that never answer are left out. ``contrasts`` compares what answered, late and
    unanswered opinions say: a comparison, not a cause."""
    return _read(wired, sources, scope, by, late_after)


@router.get("/policies/{policy_id}/responsiveness")
def of_policy(
    wired: Wired,
    sources: Answering,
    known: KnownPolicy,
    scope: Scope,
    by: By = By.REGION,
    late_after: LateAfter = LATE,
) -> Responsiveness:
    """Return the same for the opinions on one policy."""
    return _read(wired, sources, scope.model_copy(update={"policy_id": known.id}), by, late_after)


def _read(
    wired: Wired, sources: AnsweringSources, scope: Filters, by: By, late_after: int
) -> Responsiveness:
    return read_responsiveness(
        wired.index,
        wired.registry.policies(),
        sources.read(),
        scope,
        by,
        today(wired.clock),
        late_after,
    )
