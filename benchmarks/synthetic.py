"""Synthetic opinions: cheap, endless, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from minyi.domain import Opinion, opinion_id
from minyi.text import duplicate_key
from minyi.vocabulary import EVALUATIONS, AgeBand, Domain, Stance

START = datetime(2023, 1, 1, tzinfo=UTC)
DAYS = 730
POLICIES = 40
REGIONS = 31
COMMON, RARE = "垃圾", "麒麟"
"""Words of about one text in ten and one in ten thousand."""


def opinions(count: int, seed: int = 1) -> Iterator[Opinion]:
    """Yield ``count`` opinions in order of their coming, ids ``0`` to ``count - 1``.

    Words follow Zipf's law, texts have about 60 characters, one in ten is a copy of one of 200
    campaign texts, one in eight has no region, three in five no age; time runs over two years. One
    in ten has no author, few authors write much. Two in three are answered, one in ten of them at
    an unknown time. The heaviest policy has 7.7 % of all. Halfway another model takes over.
    """
    chance = random.Random(seed)
    characters = [chr(0x4E00 + n) for n in range(2500)]
    words = [
        "".join(chance.choices(characters, k=chance.choice((1, 2, 2, 3)))) for _ in range(8000)
    ]
    weights = list(accumulate(1 / rank for rank in range(3, 8003)))
    domains, ages = list(Domain), list(AgeBand)

    def text() -> str:
        drawn = chance.choices(words, cum_weights=weights, k=chance.randint(8, 55))
        if chance.random() < 0.1:
            drawn.append(COMMON)
        if chance.random() < 0.0001:
            drawn.append(RARE)
        return "".join(drawn)

    def tagging() -> dict[str, Any]:
        drawn = {stance: chance.gammavariate(0.4, 1) for stance in Stance}
        whole = sum(drawn.values())
        return {
            "stance": max(drawn, key=lambda stance: drawn[stance]),
            "probabilities": {stance: weight / whole for stance, weight in drawn.items()},
            "sure": max(drawn.values()) > 0.5 * whole,
        }

    def reply(asked: datetime) -> dict[str, Any] | None:
        if chance.random() < 1 / 3:
            return None
        known = chance.random() < 0.9
        after = timedelta(days=chance.expovariate(1 / 8))
        return {"text": "已转有关部门办理", "at": asked + after if known else None}

    campaign = [text() for _ in range(200)]
    for number in range(count):
        said = text() if chance.random() < 0.9 else chance.choice(campaign)
        policy = min(int(chance.expovariate(0.08)), POLICIES - 1)
        policy_id = f"policy-{policy}"
        evaluated = chance.sample(EVALUATIONS, k=chance.choice((0, 0, 0, 1, 1, 2)))
        moment = START + timedelta(days=DAYS * number / count, seconds=chance.randrange(86_400))
        yield Opinion.model_validate(
            {
                "id": opinion_id(str(number), policy_id),
                "comment_id": str(number),
                "policy_id": policy_id,
                "domain": domains[policy % len(domains)],
                "source": f"source-{chance.randrange(4)}",
                "created_at": moment,
                "text": said,
                "author": None
                if chance.random() < 0.1
                else f"{int(count * chance.random() ** 3):016x}",
                "region": f"省份{chance.randrange(REGIONS)}" if chance.random() < 0.875 else None,
                "channel": f"渠道{chance.randrange(6)}",
                "age": chance.choice(ages) if chance.random() < 0.4 else None,
                "reply": reply(moment),
                "likes": chance.randrange(100),
                "link": {"policy_id": policy_id, "by": "alias", "evidence": (said[:4],)},
                **tagging(),
                "evaluations": [
                    {"aspect": aspect, "polarity": polarity, "probability": 0.8}
                    for aspect, polarity in evaluated
                ],
                "duplicate_key": duplicate_key(said),
                "model_id": f"synthetic-{1 + (2 * number >= count)}",
            }
        )
