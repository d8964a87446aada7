"""Every query of the Kibana kit on a real Elasticsearch, against counts made here."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from elasticsearch import Elasticsearch

from indexers.documents import document
from indexers.elastic import ElasticIndex
from indexers.elastic_letters import ElasticLetters
from indexers.kibana.content import Content, content
from indexers.kibana.objects import saved_objects
from indexers.kibana.panels import ByTime, Count, Only, Panel, Share, Telling, Top, Unique
from indexers.kibana.views import View
from indexers.lifecycle import set_up
from minyi.dead_letter import DeadLetter, dead_letter
from minyi.domain import Opinion, opinion_id
from minyi.registry import load_registry
from minyi.settings import ROOT
from minyi.text import duplicate_key
from minyi.vocabulary import EVALUATIONS, AgeBand, Domain, Stance
from tests.elastic import Worlds
from tests.kibana import (
    Row,
    mapping_problems,
    needs_script,
    panel_request,
    panel_rows,
    repeats_request,
    repeats_rows,
    search_request,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, SINCE, UNTIL = (datetime(2025, month, 1, tzinfo=UTC) for month in (1, 2, 4))
SPAN_MINUTES = 60 * 24 * 119
OPINIONS, LETTERS = 600, 80
NOUNS = (
    *(
        "小区",
        "电梯",
        "学校",
        "孩子",
        "家长",
        "老师",
        "作业",
        "老人",
        "医院",
        "公交",
        "地铁",
        "垃圾",
    ),
    *(
        "环境",
        "空气",
        "道路",
        "噪音",
        "房价",
        "工资",
        "社保",
        "户口",
        "物业",
        "停车",
        "绿化",
        "食品",
    ),
)
Document = dict[str, Any]
"""Flat: field names with dots."""


def described() -> Content:
    return content(load_registry(ROOT / "data" / "policies").values())


CONTENT = described()
PANELS = {panel.id: panel for panel in CONTENT.panels}


def opinion(rng: random.Random, number: int) -> Opinion:
    """Make an opinion of the kind that a few loud authors and some copied letters make."""
    policies = ["double-reduction", "waste-sorting", "smog-control", "plastic-ban"]
    policy = rng.choices(policies, [5, 3, 1, 1])[0]
    said = rng.sample(NOUNS, 3) + (["双减"] if policy == policies[0] else [])
    copied = rng.random() < 0.2
    text = f"请尽快落实第{rng.randrange(6)}项承诺" if copied else f"{number}：{'，'.join(said)}"
    evaluations = [
        {"aspect": aspect, "polarity": polarity, "probability": 0.9}
        for aspect, polarity in rng.sample(EVALUATIONS, rng.randrange(4))
    ]
    return Opinion.model_validate(
        {
            "id": opinion_id(f"c{number}", policy),
            "comment_id": f"c{number}",
            "policy_id": policy,
            "domain": rng.choice(list(Domain)),
            "source": rng.choice(["12345", "weibo", "网站"]),
            "created_at": FIRST + timedelta(minutes=rng.randrange(SPAN_MINUTES)),
            "text": text,
            "author": rng.choice([None, f"a{rng.randrange(200)}"]),
            "age": rng.choice([None, *AgeBand]),
            "reply": rng.choice([None, {"text": "已办理"}]),
            "region": f"地区{min(rng.randrange(25), rng.randrange(25))}"
            if rng.random() < 0.9
            else None,
            "channel": rng.choice([None, "热线", "信箱", "论坛"]),
            "link": {"policy_id": policy, "by": "alias", "evidence": [policy]},
            "stance": rng.choices(list(Stance), [3, 4, 2])[0],
            "probabilities": {"favor": 0.5, "against": 0.3, "none": 0.2},
            "sure": rng.random() < 0.8,
            "evaluations": evaluations,
            "duplicate_key": duplicate_key(text),
            "model_id": "m",
        }
    )


def flat(record: Document, prefix: str = "") -> Document:
    """Return a document with dots in its fields' names."""
    fields: Document = {}
    for name, value in record.items():
        inner = flat(value, f"{prefix}{name}.") if isinstance(value, dict) else None
        fields |= {prefix + name: value} if inner is None else inner
    return fields


def letter(rng: random.Random, number: int) -> DeadLetter:
    return dead_letter(
        b"record %d" % number,
        origin=f"comments/0/{number}",
        stage=rng.choice(["read", "index"]),
        reason=rng.choice(["not JSON", "the text is blank", "the date is out of range"]),
        place="field text",
        at=FIRST + timedelta(minutes=rng.randrange(SPAN_MINUTES)),
    )


@dataclass(frozen=True)
class Server:
    """The indices of this module, on a real Elasticsearch."""

    client: Elasticsearch
    indices: dict[str, str]
    """Where each alias's documents really are."""
    documents: dict[str, list[Document]]

    def ask(self, view: View, body: Document) -> Document:
        return dict(self.client.search(index=self.indices[view.alias], **body))

    def types(self, alias: str) -> dict[str, str]:
        found = self.client.field_caps(index=self.indices[alias], fields="*")["fields"]
        return {name: next(iter(kinds)) for name, kinds in found.items()}


@pytest.fixture(scope="module")
def server(elasticsearch: str) -> Iterator[Server]:
    """Opinions as the index keeps them, and dead letters."""
    rng = random.Random(7)
    opinions = [opinion(rng, number) for number in range(OPINIONS)]
    letters = [letter(rng, number) for number in range(LETTERS)]
    worlds = Worlds(elasticsearch)
    names = worlds.names()
    client = worlds.connect()
    set_up(client, names, FIRST)
    index = ElasticIndex(client, names)
    assert index.upsert(opinions) == []
    index.refresh()
    mirror = ElasticLetters(client, prefix=f"{names.alias}-")
    mirror.mirror(letters, [])
    client.indices.refresh(index=mirror.alias)
    documents = [flat(json.loads(document(one))) for one in opinions]
    yield Server(
        client,
        {"opinions": names.alias, "dead-letters": mirror.alias},
        {"opinions": documents, "dead-letters": [one.model_dump(mode="json") for one in letters]},
    )
    client.indices.delete(index=mirror.index)
    index.close()
    worlds.close()


def test_the_fields_stand_in_the_index(server: Server) -> None:
    records = [one.record() for one in saved_objects(CONTENT)]
    assert mapping_problems(records, {alias: server.types(alias) for alias in server.indices}) == []


def within(documents: Sequence[Document], view: View) -> list[Document]:
    return [d for d in documents if SINCE <= datetime.fromisoformat(d[view.time_field]) <= UNTIL]


def values(document: Document, field: str) -> list[Any]:
    value = document.get(field.removesuffix(".keyword"), [])
    return value if isinstance(value, list) else [value]


def meets(document: Document, only: Only | None) -> bool:
    return only is None or any(v in only.values for v in values(document, only.field))


def measured(panel: Panel, documents: list[Document]) -> Row:
    row: list[Any] = []
    for metric in panel.metrics:
        match metric:
            case Count(only=only):
                row.append(sum(meets(d, only) for d in documents))
            case Unique(field=field):
                row.append(len({v for d in documents for v in values(d, field)}))
            case Share(only=only):
                row.append(sum(meets(d, only) for d in documents) / len(documents))
    return tuple(row)


def monday(document: Document, field: str) -> str:
    local = datetime.fromisoformat(document[field]).astimezone(SHANGHAI)
    start = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0)
    return start.isoformat(timespec="milliseconds")


def expected(panel: Panel, documents: list[Document], depth: int = 0) -> Iterator[Row]:
    """Compute a panel's rows without Elasticsearch."""
    if depth == len(panel.buckets):
        yield measured(panel, documents)
        return
    match panel.buckets[depth]:
        case ByTime(interval="1w"):
            keys = sorted({monday(d, panel.view.time_field) for d in documents})
            chosen = [
                (k, [d for d in documents if monday(d, panel.view.time_field) == k]) for k in keys
            ]
        case Top(field=field, size=size, by_value=by_value):
            counts = Counter(v for d in documents for v in set(values(d, field)))
            keys = sorted(counts, key=lambda k: (0 if by_value else -counts[k], k))[:size]
            chosen = [(k, [d for d in documents if k in values(d, field)]) for k in keys]
        case other:
            raise AssertionError(other)
    for key, some in chosen:
        for row in expected(panel, some, depth + 1):
            yield (key, *row)


def is_telling(panel: Panel) -> bool:
    return any(isinstance(bucket, Telling) for bucket in panel.buckets)


@pytest.mark.parametrize(
    "only",
    [(), (Only("policy_id", ("waste-sorting",)), Only("stance", ("against", "none")))],
    ids=["all", "under controls"],
)
@pytest.mark.parametrize("name", [n for n, p in PANELS.items() if not is_telling(p)])
def test_a_panel_shows_what_is_there(server: Server, name: str, only: tuple[Only, ...]) -> None:
    panel = PANELS[name]
    documents = within(server.documents[panel.view.alias], panel.view)
    if not panel.aside:
        documents = [d for d in documents if all(meets(d, one) for one in only)]
    assert documents
    rows = panel_rows(panel, server.ask(panel.view, panel_request(panel, SINCE, UNTIL, only)))
    assert rows == list(expected(panel, documents))


@pytest.mark.parametrize("name", [n for n, p in PANELS.items() if is_telling(p)])
def test_telling_words_are_more_frequent_here_than_everywhere(server: Server, name: str) -> None:
    panel = PANELS[name]
    only = Only("policy_id", ("double-reduction",))
    everywhere = server.documents["opinions"]
    here = [d for d in within(everywhere, panel.view) if meets(d, only)]
    counts = Counter(word for d in here for word in d["words"])

    def month(one: Document) -> str:
        return f"{datetime.fromisoformat(one['created_at']).astimezone(SHANGHAI):%Y.%m}"

    # Elasticsearch knows the background of a word from those indices only in which it is here
    told = {(month(d), word) for d in here for word in d["words"]}
    background = Counter(
        word for d in everywhere for word in d["words"] if (month(d), word) in told
    )

    def gain(word: str) -> float:
        share, before = counts[word] / len(here), background[word] / len(everywhere)
        return (share - before) * share / before

    telling = sorted((w for w in counts if counts[w] >= 3 and gain(w) > 0), key=gain, reverse=True)
    rows = panel_rows(panel, server.ask(panel.view, panel_request(panel, SINCE, UNTIL, [only])))
    assert rows[0][0] == "双减"
    assert dict(rows) == {word: counts[word] for word in telling[:20]}


def test_repeats_show_how_many_wrote_the_same(server: Server) -> None:
    (table,) = CONTENT.tables
    documents = within(server.documents["opinions"], table.view)
    groups: dict[str, list[Document]] = {}
    for one in documents:
        groups.setdefault(one["duplicate_key"], []).append(one)
    rows = repeats_rows(server.ask(table.view, repeats_request(table, SINCE, UNTIL)))
    assert {row[:3] for row in rows} == {
        (key, len(some), len({d["voter"] for d in some}))
        for key, some in groups.items()
        if len(some) >= 2
    }
    assert 1 < len(rows) < table.size
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    newest = {
        key: max(some, key=lambda d: datetime.fromisoformat(d["created_at"]))["text"]
        for key, some in groups.items()
    }
    assert all(text == newest[key] for key, *_, text in rows)


KEPT: dict[str, Callable[[Document], bool]] = {
    "minyi-newest": lambda d: True,
    "minyi-against": lambda d: d["stance"] == "against",
    "minyi-criticism": lambda d: any(cell.endswith("-") for cell in d["cells"]),
    "minyi-unsure": lambda d: not d["sure"],
    "minyi-dead": lambda d: True,
}


@pytest.mark.parametrize("search", CONTENT.searches, ids=lambda search: search.id)
def test_a_saved_search_finds_its_documents_newest_first(server: Server, search: Any) -> None:
    view: View = search.view
    wanted = [d for d in within(server.documents[view.alias], view) if KEPT[search.id](d)]
    answer = server.ask(view, search_request(search, SINCE, UNTIL, size=20))
    assert answer["hits"]["total"]["value"] == len(wanted) > 20
    newest = sorted((d[view.time_field] for d in wanted), reverse=True)[:20]
    stamps = [hit["sort"][0] for hit in answer["hits"]["hits"]]
    assert stamps == [datetime.fromisoformat(at).timestamp() * 1000 for at in newest]
    for hit in answer["hits"]["hits"]:
        assert set(hit["fields"]) <= set(search.columns)
        assert "text" in hit["fields"] or "reason" in hit["fields"]


def test_only_what_needs_a_script_was_left_out() -> None:
    """Everything on the dashboard is run above; apart stands what a full server is needed for."""
    shown = {panel.id for panel in CONTENT.panels}
    drawn = json.loads(saved_objects(CONTENT)[-1].attributes["panelsJSON"])
    assert {p["panelIndex"] for p in drawn if p["type"] == "lens"} == shown
    assert [p.id for p in CONTENT.apart if not needs_script(p)] == []
