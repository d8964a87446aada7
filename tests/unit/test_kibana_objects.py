"""The Kibana kit as it is stored: complete, equal to what is committed, and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.kibana.check import problems, used_fields
from indexers.kibana.content import content
from indexers.kibana.objects import COMMITTED, export
from indexers.kibana.panels import Only
from indexers.kibana.views import CELL_ZH
from minyi.policy import Policy
from minyi.registry import load_registry
from minyi.settings import ROOT
from minyi.vocabulary import AGE_ZH, DOMAIN_ZH, STANCE_ZH, Domain
from tests.kibana import mapping_problems, needs_script

Record = dict[str, Any]
LIFTS = Policy(
    id="lifts",
    title="加装“电梯”",
    domain=Domain.HOUSING,
    description="给老旧小区的楼房加装电梯的政策。",
    department="住房和城乡建设部",
)


@pytest.fixture
def kit() -> dict[str, Record]:
    """The records by id."""
    return {r["id"]: r for r in map(json.loads, export([LIFTS]).splitlines())}


def test_the_committed_kit_is_what_the_shipped_registry_gives() -> None:
    policies = load_registry(ROOT / "data" / "policies").values()
    assert COMMITTED.read_text(encoding="utf-8") == export(policies), (
        "write it anew: minyi kibana export indexers/kibana/saved_objects.ndjson"
    )


def test_nothing_in_the_kit_would_be_refused(kit: dict[str, Record]) -> None:
    assert problems(list(kit.values())) == []


def test_the_overview_shows_what_it_promises(kit: dict[str, Record]) -> None:
    dashboard = kit["minyi-overview"]["attributes"]
    assert dashboard["title"] == "民意总览"
    panels = {p["panelIndex"]: p for p in json.loads(dashboard["panelsJSON"])}
    for name in (
        *("total", "authors", "unsure", "stance-weekly", "policies", "cells", "regions"),
        *("channels", "sources", "campaigns", "words", "telling-words", "dead-letters", "newest"),
        *("ages", "answered-weekly"),
    ):
        assert panels[name]["title"]
    words = panels["read-me"]["embeddableConfig"]["savedVis"]["params"]["markdown"]
    for said in ("分母", "自愿发言的人", "原始计数", "95% 区间"):
        assert said in words
    controls = json.loads(dashboard["controlGroupInput"]["panelsJSON"]).values()
    fields = [c["explicitInput"]["fieldName"] for c in sorted(controls, key=lambda c: c["order"])]
    assert fields == ["policy_id", "region", "stance"]


def test_what_the_filters_cannot_filter_ignores_them(kit: dict[str, Record]) -> None:
    for panel in json.loads(kit["minyi-overview"]["attributes"]["panelsJSON"]):
        for view in panel["embeddableConfig"].get("attributes", {}).get("references", ()):
            state = panel["embeddableConfig"]["attributes"]["state"]
            layer = state["datasourceStates"]["formBased"]["layers"]["layer"]
            aside = layer.get("ignoreGlobalFilters", False)
            assert aside == (view["id"] == "minyi-dead-letters"), panel["panelIndex"]


def test_codes_are_shown_in_chinese(kit: dict[str, Record]) -> None:
    view = kit["minyi-opinions"]["attributes"]
    formats = json.loads(view["fieldFormatMap"])

    def names(field: str) -> dict[str, str]:
        return {e["key"]: e["value"] for e in formats[field]["params"]["lookupEntries"]}

    assert names("stance") == STANCE_ZH
    assert names("domain") == DOMAIN_ZH
    assert names("policy_id") == {"lifts": "加装“电梯”"}
    assert names("cells") == CELL_ZH
    assert names("cells")["effect-"] == "成效·批评"
    assert names("age") == AGE_ZH
    assert names("answered") == {"true": "已答复", "false": "未答复"}
    assert names("sure") == {"true": "确定", "false": "未确定"}
    assert all(
        any("\u4e00" <= c <= "\u9fff" for c in label["customLabel"])
        for label in json.loads(view["fieldAttrs"]).values()
    )


def test_internal_fields_are_left_out_of_documents(kit: dict[str, Record]) -> None:
    hidden = json.loads(kit["minyi-opinions"]["attributes"]["sourceFilters"])
    assert {"value": "searchable"} in hidden
    assert all("searchable" not in field for r in kit.values() for _, field, _ in used_fields(r))


def test_no_panel_of_the_dashboard_needs_a_script() -> None:
    described = content([LIFTS])
    assert not any(needs_script(panel) for panel in described.panels)
    assert all(needs_script(panel) for panel in described.apart)


def edited(record: Record, name: str, change: Callable[[Any], None]) -> None:
    """Change an attribute that is JSON text."""
    value = json.loads(record["attributes"][name])
    change(value)
    record["attributes"][name] = json.dumps(value)


def lens_layer(panels: list[Record], name: str) -> Record:
    panel = next(p for p in panels if p["panelIndex"] == name)
    state = panel["embeddableConfig"]["attributes"]["state"]
    return state["datasourceStates"]["formBased"]["layers"]["layer"]  # type: ignore[no-any-return]


BREAKS: dict[str, tuple[str, Callable[[dict[str, Record]], object]]] = {
    "unknown type": ("unknown type", lambda k: k["minyi-hours"].update(type="lense")),
    "no version": (
        "typeMigrationVersion must be",
        lambda k: k["minyi-hours"].pop("typeMigrationVersion"),
    ),
    "a newer version": (
        "typeMigrationVersion must be 10.2.0",
        lambda k: k["minyi-overview"].update(typeMigrationVersion="10.9.0"),
    ),
    "a dangling reference": (
        "no index-pattern minyi-opinions",
        lambda k: k.pop("minyi-opinions"),
    ),
    "a reference that is missing": (
        "control-stance:optionsListDataView: no such reference",
        lambda k: k["minyi-overview"]["references"].pop(),
    ),
    "a reference too many": (
        "other: reference that nothing uses",
        lambda k: k["minyi-newest"]["references"].append(
            {"name": "other", "type": "index-pattern", "id": "minyi-opinions"}
        ),
    ),
    "broken JSON": (
        "panelsJSON: is not JSON text",
        lambda k: k["minyi-overview"]["attributes"].update(panelsJSON="[{"),
    ),
    "an attribute that Kibana does not know": (
        "colour: unknown attribute",
        lambda k: k["minyi-newest"]["attributes"].update(colour="red"),
    ),
    "a panel over another": (
        "total and authors: lie over each other",
        lambda k: edited(k["minyi-overview"], "panelsJSON", lambda p: p[1]["gridData"].update(w=7)),
    ),
    "a panel beside the grid": (
        "unsure: wider than the grid",
        lambda k: edited(
            k["minyi-overview"], "panelsJSON", lambda p: p[4]["gridData"].update(x=43)
        ),
    ),
    "a field that is nowhere": (
        "stanze: no such field",
        lambda k: edited(
            k["minyi-overview"],
            "panelsJSON",
            lambda p: lens_layer(p, "policies")["columns"]["m0"]["filter"].update(
                query='stanze: "favor"'
            ),
        ),
    ),
    "a column that is nowhere": (
        "m7: no such column",
        lambda k: edited(
            k["minyi-overview"],
            "panelsJSON",
            lambda p: lens_layer(p, "policies")["columnOrder"].append("m7"),
        ),
    ),
}


@pytest.mark.parametrize(("said", "harm"), BREAKS.values(), ids=BREAKS)
def test_the_check_finds(
    kit: dict[str, Record], said: str, harm: Callable[[dict[str, Record]], object]
) -> None:
    harm(kit)
    found = problems(list(kit.values()))
    assert any(said in line for line in found), found


def test_the_check_finds_an_id_that_stands_twice(kit: dict[str, Record]) -> None:
    assert problems([*kit.values(), kit["minyi-newest"]]) == ["search minyi-newest: stands twice"]


def test_fields_are_held_against_the_real_index(kit: dict[str, Record]) -> None:
    records = list(kit.values())
    types: dict[str, dict[str, str]] = {"opinions": {}, "dead-letters": {}}
    for name, field in (("minyi-opinions", "created_at"), ("minyi-dead-letters", "at")):
        view = kit[name]["attributes"]
        real = types[view["title"]]
        real.update(dict.fromkeys(json.loads(view["fieldAttrs"]), "keyword"))
        real[field] = "date"
        for scripted in json.loads(view["runtimeFieldMap"]):
            del real[scripted]
    assert mapping_problems(records, types) == []
    del types["opinions"]["cells"]
    types["opinions"]["region"] = "text"
    types["opinions"]["hour"] = "long"
    types["dead-letters"]["at"] = "keyword"
    assert set(mapping_problems(records, types)) == {
        "opinions: cells: the index has no such field",
        "opinions: hour: the runtime field hides a real one",
        "dead-letters: at: is no date",
        "minyi-overview: region: text cannot be grouped by",
    }


@given(st.text(max_size=30), st.text(max_size=30))
def test_values_in_queries_are_quoted(one: str, two: str) -> None:
    """Whatever the values, they stand between quotes, with quotes and backslashes escaped."""
    said = Only("stance", (one, two)).kql
    quoted = [json.dumps(v, ensure_ascii=False) for v in ("a", "b")]
    assert Only("stance", ("a", "b")).kql == f"stance: ({' or '.join(quoted)})"
    inside = said.removeprefix("stance: (").removesuffix(")")
    unescaped = inside.replace("\\\\", "").replace('\\"', "")
    assert unescaped.count('"') == 4


def test_truth_in_queries_has_no_quotes() -> None:
    assert Only("sure", (False,)).kql == "sure: false"
