"""Synthetic opinions: cheap, endless, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from minyi.domain import Opinion, opinion_id
from minyi.text import duplicate_key
from minyi.vocabulary import Aspect, Domain, Polarity, Stance

START = datetime(2023, 1, 1, tzinfo=UTC)
DAYS = 730
POLICIES = 40
REGIONS = 31
COMMON, RARE = "垃圾", "麒麟"
"""Words of about one text in ten and one in ten thousand."""


def opinions(count: int, seed: int = 1) -> Iterator[Opinion]:
    """Yield ``count`` opinions in order of their coming, ids ``0`` to ``count - 1``.

    Words follow Zipf's law, texts have about 60 characters, one in ten is a copy of one of 200
    campaign texts, one in eight has no region; time runs over two years.
    """
    chance = random.Random(seed)
    characters = [chr(0x4E00 + n) for n in range(2500)]
    words = [
        "".join(chance.choices(characters, k=chance.choice((1, 2, 2, 3)))) for _ in range(8000)
    ]
    weights = list(accumulate(1 / rank for rank in range(3, 8003)))
    cells = [(aspect, polarity) for aspect in Aspect for polarity in Polarity]
    domains = list(Domain)

    def text() -> str:
        drawn = chance.choices(words, cum_weights=weights, k=chance.randint(8, 55))
        if chance.random() < 0.1:
            drawn.append(COMMON)
        if chance.random() < 0.0001:
            drawn.append(RARE)
        return "".join(drawn)

    campaign = [text() for _ in range(200)]
    for number in range(count):
        said = text() if chance.random() < 0.9 else chance.choice(campaign)
        policy = min(int(chance.expovariate(0.08)), POLICIES - 1)
        policy_id = f"policy-{policy}"
        evaluated = chance.sample(cells, k=chance.choice((0, 0, 0, 1, 1, 2)))
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
                "author": f"{chance.randrange(count):016x}",
                "region": f"省份{chance.randrange(REGIONS)}" if chance.random() < 0.875 else None,
                "channel": f"渠道{chance.randrange(6)}",
                "likes": chance.randrange(100),
                "link": {"policy_id": policy_id, "by": "alias", "evidence": (said[:4],)},
                "stance": chance.choice(list(Stance)),
                "probabilities": {"favor": 0.5, "against": 0.3, "none": 0.2},
                "evaluations": [
                    {"aspect": aspect, "polarity": polarity, "probability": 0.8}
                    for aspect, polarity in evaluated
                ],
                "duplicate_key": duplicate_key(said),
                "model_id": "synthetic",
            }
        )
