"""The records of the registry: a policy, and what happened to it. Pure."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from minyi.domain import Day, Model
from minyi.vocabulary import EVENT_ZH, Domain, EventKind

_KINDS = {name: kind.value for kind, name in EVENT_ZH.items()}


class Event(Model):
    """Something that happened to a policy. In the registry it may be written as one line, its kind
    in English or Chinese: ``2018-12-06 issued 国家组织药品集中采购试点启动``."""

    date: Day
    kind: EventKind
    label: str = Field(min_length=2, max_length=60)

    @model_validator(mode="before")
    @classmethod
    def _from_line(cls, data: object) -> object:
        if not isinstance(data, str):
            return data
        parts = data.split(maxsplit=2)
        if len(parts) < 3:
            raise ValueError("an event is a date, a kind and a label: 2018-12-06 issued 试点启动")
        day, kind, label = parts
        return {"date": day, "kind": _KINDS.get(kind, kind), "label": label}


class Policy(Model):
    """An entry of the registry: what a comment can be linked to."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    title: str = Field(min_length=2, max_length=60)
    domain: Domain
    description: str = Field(min_length=10, max_length=400)
    """What the policy does, one or two sentences; the semantic link and the tagger read it."""
    aliases: tuple[str, ...] = ()
    """Names that link a comment on their own."""
    keywords: tuple[str, ...] = ()
    """Weaker words: two different ones, or one in the title, link."""
    exclusions: tuple[str, ...] = ()
    """Longer phrases that contain an alias or keyword but mean something else."""
    context_exclusions: tuple[str, ...] = ()
    """Phrases anywhere in the comment that veto the link."""
    department: str = Field(min_length=2, max_length=60)
    region: str = "全国"
    in_force_from: date | None = None
    in_force_until: date | None = None
    events: tuple[Event, ...] = Field(default=(), max_length=100)
    """What else happened to it, in order of date."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.in_force_from and self.in_force_until and self.in_force_until < self.in_force_from:
            raise ValueError("in_force_until lies before in_force_from")
        for earlier, later in pairwise(self.events):
            if later.date < earlier.date:
                raise ValueError(f"events: {later.date} stands behind {earlier.date}; sort by date")
            if (later.date, later.kind) == (earlier.date, earlier.kind):
                raise ValueError(f"events: {later.date} {later.kind} stands twice; keep one")
        return self

    def timeline(self) -> tuple[Event, ...]:
        """Return all events in order of date, coming into and going out of force among them."""
        force = (
            (self.in_force_from, EventKind.IN_FORCE, "施行"),
            (self.in_force_until, EventKind.ENDED, "废止"),
        )
        known = {(event.date, event.kind) for event in self.events}
        own = [
            Event(date=day, kind=kind, label=label)
            for day, kind, label in force
            if day and (day, kind) not in known
        ]
        return tuple(sorted((*self.events, *own), key=lambda event: event.date))
