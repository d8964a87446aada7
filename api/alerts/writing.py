"""What an alert says, in Chinese, and the comments that it shows."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta

from api.alerts.models import Alert, Quote, Subscription
from minyi.domain import EARLIEST, SHANGHAI, Opinion
from minyi.policy import Policy
from minyi.ports import Index
from minyi.query import Filters
from minyi.rules import Crosses, Match, Rule, beyond
from minyi.vocabulary import STANCE_ZH

QUOTES = 3
CANDIDATES = 50


def write(subscription: Subscription, policy: Policy, match: Match, index: Index) -> Alert:
    """Return the alert of a match, with three comments that hold the stance it is about."""
    name = f"{subscription.id}\x1f{policy.id}\x1f{match.day}"
    return Alert(
        id=f"alert-{hashlib.sha256(name.encode()).hexdigest()[:24]}",
        subscription_id=subscription.id,
        policy_id=policy.id,
        policy_title=policy.title,
        day=match.day,
        stance=subscription.rule.stance,
        before=match.before,
        after=match.after,
        adjusted=match.adjusted,
        text=_text(policy, subscription.rule, match),
        comments=_quotes(policy, subscription.rule, match, index),
    )


def _text(policy: Policy, rule: Rule, match: Match) -> str:
    verb = "升至" if rule.crosses is Crosses.ABOVE else "降至"
    return (
        f"「{policy.title}」的{STANCE_ZH[rule.stance]}占比由{_before(rule, match)}"
        f"{verb}{match.after.value:.1%}，越过了{rule.threshold:.1%}的界线"
        f"（截至{match.day:%Y年%m月%d日}的近{rule.window_days}天，共{match.after.n}条意见，"
        f"95%区间{_intervals(match)}；{_certainty(match)}"
        f"{_reread(rule, match)}）。{_late(match)}以上意见来自自愿发言的人，不代表全体居民。"
    )


def _intervals(match: Match) -> str:
    """Say how sure both shares are: one of few opinions may be far off where it is adjusted."""
    shares = [one for one in (match.before, match.after) if one is not None]
    written = [f"{one.low:.1%}–{one.high:.1%}" for one in shares]
    return "由{}变为{}".format(*written) if len(written) > 1 else written[0]


def _certainty(match: Match) -> str:
    """Say what the shares are, in the words of the page."""
    if not match.adjusted:
        return "占比为模型的计数，未校正误判，区间只含抽样误差"
    raw = f"{match.after.count / match.after.n:.1%}"
    if match.before is not None:
        raw = f"由{match.before.count / match.before.n:.1%}变为{raw}"
    return f"已校正模型的已知误判，原始占比{raw}"


def _reread(rule: Rule, match: Match) -> str:
    """Say of a share before that lies beyond the threshold that it did not by the reading then."""
    if match.before is None or beyond(rule, match.before) < 0:
        return ""
    return "；先前的占比在重新校正前未到界线"


def _late(match: Match) -> str:
    """Say of a day that is over that it is."""
    if match.day == match.newest:
        return ""
    return f"这是补报过去的日子，最新的意见已到{match.newest:%Y年%m月%d日}。"


def _before(rule: Rule, match: Match) -> str:
    if match.before is None:
        return f"“意见不足{rule.min_count}条”"
    return f"{match.before.value:.1%}"


def _quotes(policy: Policy, rule: Rule, match: Match, index: Index) -> list[Quote]:
    """Choose by rule: of the newest opinions in the window the most liked, no text twice."""
    end = datetime.combine(match.day + timedelta(days=1), time(), SHANGHAI)
    page = index.search(
        "",
        Filters(
            policy_id=policy.id,
            stance=rule.stance,
            since=max(end - timedelta(days=rule.window_days), EARLIEST).astimezone(UTC),
            until=end.astimezone(UTC),
        ),
        CANDIDATES,
    )
    distinct: dict[str, Opinion] = {}
    for opinion in page.items:
        distinct.setdefault(opinion.duplicate_key, opinion)
    chosen = sorted(distinct.values(), key=lambda o: (-(o.likes or 0), o.id))[:QUOTES]
    return [
        Quote(
            opinion_id=opinion.id,
            created_at=opinion.created_at,
            region=opinion.region,
            stance=opinion.stance,
            text=opinion.text,
        )
        for opinion in chosen
    ]
