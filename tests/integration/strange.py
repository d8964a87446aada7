"""Small and strange indices: empty, one opinion, one mind, names that break careless code."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from minyi.domain import EARLIEST, LATEST, SHANGHAI, Opinion
from minyi.vocabulary import AgeBand, Aspect, Polarity, Stance
from tests.integration.world import EBIKE, ELEVATOR, QUIET, opinion, policy

STRANGE = 'a,"b"\n=1+2 \u202e北京\U0001f600'
GONE = policy("gone-policy", "已经撤下的政策", QUIET.domain)
"""The registry does not hold it any more."""
TEXT = "坚决反对加装电梯，一楼采光没有了，请重新研究方案"


def one_sided() -> Iterator[Opinion]:
    for number in range(40):
        yield opinion(
            number,
            Stance.FAVOR,
            author=f"a{number}",
            created_at=datetime(2026, 2, 9, tzinfo=SHANGHAI) + timedelta(days=number % 36),
        )


def strange() -> Iterator[Opinion]:
    """Names that break careless tables, unknown models, the first and the last moment, a policy
    that the registry no longer holds."""
    random_ = random.Random(1)
    for number in range(150):
        said = [
            {"aspect": random_.choice(list(Aspect)), "polarity": polarity, "probability": 0.9}
            for polarity in Polarity
            if random_.random() < 0.4
        ]
        moment = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(hours=7 * number)
        yield opinion(
            number,
            random_.choice(list(Stance)),
            (ELEVATOR, ELEVATOR, EBIKE, GONE)[number % 4],
            text=TEXT if number % 9 == 0 else f"第{number}条{'加装电梯太吵了' * (number % 3)}",
            author=random_.choice([None, "", "x", STRANGE, f"a{number}"]),
            region=random_.choice([None, "", "北京", STRANGE, "=cmd()", "," * 100]),
            channel=random_.choice([None, STRANGE, "热线"]),
            source=random_.choice(["12345", STRANGE]),
            age=random_.choice([None, *AgeBand]),
            model_id=random_.choice(["m1", "never heard of", ""]),
            sure=random_.random() < 0.8,
            evaluations=said,
            created_at={7: EARLIEST, 11: LATEST - timedelta(seconds=1)}.get(number, moment),
            reply=random_.choice([None, {"text": "已办理", "at": moment}, {"text": "已办理"}]),
            probabilities=random_.choice(
                [
                    {"favor": 0.0, "against": 0.0, "none": 0.0},
                    {"favor": 1.0, "against": 1.0, "none": 1.0},
                    {"favor": 0.4, "against": 0.4, "none": 0.2},
                ]
            ),
        )


WORLDS: dict[str, list[Opinion]] = {
    "empty": [],
    "one": [opinion(1, Stance.AGAINST)],
    "one-sided": list(one_sided()),
    "strange": list(strange()),
}
