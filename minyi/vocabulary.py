"""The words that opinions are tagged with, and what the page calls them.

Labels are English in data; ``*_ZH`` maps them to Chinese.
"""

from __future__ import annotations

from enum import StrEnum


class Stance(StrEnum):
    FAVOR = "favor"
    AGAINST = "against"
    NONE = "none"


class Aspect(StrEnum):
    EFFECT = "effect"
    FAIRNESS = "fairness"
    CONVENIENCE = "convenience"
    COST = "cost"
    TRANSPARENCY = "transparency"
    SERVICE = "service"


class Polarity(StrEnum):
    PRAISE = "praise"
    CRITICISM = "criticism"


Evaluated = tuple[Aspect, Polarity]
EVALUATIONS: tuple[Evaluated, ...] = tuple((a, p) for a in Aspect for p in Polarity)
"""Praise and criticism of each aspect; indices number them in this order."""


class Domain(StrEnum):
    TRANSPORT = "transport"
    SAFETY = "safety"
    GOVERNMENT_SERVICES = "government_services"
    HEALTH = "health"
    EDUCATION = "education"
    HOUSING = "housing"
    ENVIRONMENT = "environment"
    LABOR = "labor"
    POPULATION = "population"
    GOVERNANCE = "governance"


class EventKind(StrEnum):
    """What can happen to a policy."""

    ISSUED = "issued"
    IN_FORCE = "in_force"
    REVISED = "revised"
    ENDED = "ended"


class AgeBand(StrEnum):
    """How old an author is, in bands: an exact age tells too much of a person."""

    MINOR = "0-17"
    YOUNG = "18-29"
    MIDDLE = "30-44"
    OLDER = "45-59"
    SENIOR = "60+"

    @classmethod
    def of(cls, age: int) -> AgeBand:
        """Return the band of an age in years."""
        return next(band for band, above in _AGES if age < above)

    @classmethod
    def holding(cls, low: int, high: int) -> AgeBand | None:
        """Return the band that holds ages from one to another, None where several share them. A
        year too many at an end does not matter: others have bands like 18 to 30."""
        first, best, most = 0, None, -1
        for band, above in _AGES:
            common = min(high, above - 1) - max(low, first)
            if first - 1 <= low and high <= above and common > most:
                best, most = band, common
            first = above
        return best


_AGES = (
    (AgeBand.MINOR, 18),
    (AgeBand.YOUNG, 30),
    (AgeBand.MIDDLE, 45),
    (AgeBand.OLDER, 60),
    (AgeBand.SENIOR, 1_000),
)

AGE_ZH = {
    AgeBand.MINOR: "17 岁及以下",
    AgeBand.YOUNG: "18–29 岁",
    AgeBand.MIDDLE: "30–44 岁",
    AgeBand.OLDER: "45–59 岁",
    AgeBand.SENIOR: "60 岁及以上",
}
STANCE_ZH = {Stance.FAVOR: "支持", Stance.AGAINST: "反对", Stance.NONE: "未表态"}
ASPECT_ZH = {
    Aspect.EFFECT: "成效",
    Aspect.FAIRNESS: "公平",
    Aspect.CONVENIENCE: "便利",
    Aspect.COST: "负担",
    Aspect.TRANSPARENCY: "透明",
    Aspect.SERVICE: "服务",
}
EVENT_ZH = {
    EventKind.ISSUED: "发布",
    EventKind.IN_FORCE: "施行",
    EventKind.REVISED: "修订",
    EventKind.ENDED: "废止",
}
POLARITY_ZH = {Polarity.PRAISE: "肯定", Polarity.CRITICISM: "批评"}
DOMAIN_ZH = {
    Domain.TRANSPORT: "公共交通",
    Domain.SAFETY: "社会治安",
    Domain.GOVERNMENT_SERVICES: "政务服务",
    Domain.HEALTH: "健康医疗",
    Domain.EDUCATION: "教育",
    Domain.HOUSING: "住房",
    Domain.ENVIRONMENT: "环保",
    Domain.LABOR: "劳动社保",
    Domain.POPULATION: "人口",
    Domain.GOVERNANCE: "国家治理",
}
