"""What is published, in every format, and that no few people can be told from it."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from minyi.disclosure import K
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable, InvalidQuery, SettingError
from minyi.open_data import formats as formats_module
from minyi.open_data import release as release_module
from minyi.open_data.catalog import File
from minyi.open_data.folder import write
from minyi.open_data.formats import Format, chunks, safe
from minyi.open_data.reading import answers
from minyi.open_data.release import Publisher, Release, Score, Table, gather, protected
from minyi.open_data.tables import FIELDS, KEYS, MEASURES
from minyi.policy import Policy
from minyi.query import Cell, Counts, Facet
from minyi.shares.adjusting import Adjuster
from minyi.shares.summing import total
from minyi.vocabulary import Stance
from tests.contract.index_reference import ReferenceIndex
from tests.integration.world import EBIKE, ELEVATOR, QUIET
from tests.integration.world import opinion as usual

NOW = datetime(2026, 5, 3, tzinfo=UTC)
REGIONS = ("北京", "天津", "=HYPERLINK(1)", None)
SECRET = "这句留言谁也不该看到"


def opinion(number: int, of: Policy = ELEVATOR, **more: Any) -> Opinion:
    values = {
        "text": f"{SECRET}{number}",
        "created_at": datetime(2026, 1, 15, tzinfo=UTC),
        "author": f"author{number}",
    }
    stance = more.pop("stance", list(Stance)[number % 3])
    return usual(number, stance, of, **(values | more))


def released(opinions: list[Opinion], **publisher: Any) -> Release:
    index = ReferenceIndex()
    index.upsert(opinions)
    policies = [ELEVATOR, EBIKE, QUIET]
    return gather(index, policies, NOW, Publisher(**publisher), Adjuster(), "r1")


@pytest.fixture(scope="module")
def world() -> list[Opinion]:
    """Uneven groups and months, people who speak often, a policy of few, a month that runs."""
    chance = random.Random(7)
    found = []
    for number in range(400):
        found.append(
            opinion(
                number,
                EBIKE if number % 5 == 0 else ELEVATOR,
                author=f"a{chance.randrange(200)}",
                region=chance.choices(REGIONS, (60, 30, 8, 6))[0],
                channel=chance.choice(("网站", "热线")),
                age=chance.choices(("18-29", "60+", None), (60, 3, 40))[0],
                created_at=datetime(2026, 1, 10, tzinfo=UTC)
                + timedelta(days=30 * chance.choices(range(4), (40, 4, 30, 26))[0]),
                evaluations=[{"aspect": "cost", "polarity": "criticism", "probability": 0.9}]
                if number % 4 == 0
                else [],
            )
        )
    few = [opinion(1000 + n, QUIET) for n in range(K - 1)]
    running = [opinion(2000 + n, created_at=datetime(2026, 5, 1, tzinfo=UTC)) for n in range(50)]
    return [*found, *few, *running]


@pytest.fixture(scope="module")
def release(world: list[Opinion]) -> Release:
    return released(world, name="市信访局", licence="https://creativecommons.org/licenses/by/4.0/")


def table(release: Release, name: Table, policy: str | None = None) -> list[dict[str, str]]:
    text = b"".join(chunks(release, name, Format.CSV, policy)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_only_months_that_have_ended_and_policies_of_enough_people_are_there(
    release: Release,
) -> None:
    assert str(release.until) == "2026-05-01"
    assert {row["policy_id"] for row in table(release, Table.POLICIES)} == {ELEVATOR.id, EBIKE.id}
    assert release.withheld == 1
    assert release.opinions == 400
    months = {row["month"] for row in table(release, Table.MONTHS, ELEVATOR.id)}
    assert "2026-05" not in months
    assert release.months is not None
    assert release.months[0] == "2026-01"


def test_the_parts_of_a_table_add_up_to_the_policy(release: Release) -> None:
    for policy in (ELEVATOR, EBIKE):
        whole = {r["measure"]: r for r in table(release, Table.POLICIES, policy.id)}
        assert len(whole) == len(MEASURES) == 15
        lines = [table(release, Table.MONTHS, policy.id)]
        groups = table(release, Table.GROUPS, policy.id)
        lines += [[r for r in groups if r["facet"] == f] for f in ("region", "age", "channel")]
        for line in lines:
            for measure, row in whole.items():
                found = [r for r in line if r["measure"] == measure]
                assert sum(int(r["count"]) for r in found) == int(row["count"])
                assert sum(int(r["n"]) for r in found) == int(row["n"])


def test_no_cell_of_few_people_is_shown(world: list[Opinion], release: Release) -> None:
    hidden = 0
    for policy, facet in product((ELEVATOR, EBIKE), ("region", "age", "channel", "source")):
        said = [o for o in world if o.policy_id == policy.id and o.created_at < NOW]
        said = [o for o in said if o.created_at.month < 5]
        rows = [r for r in table(release, Table.GROUPS, policy.id) if r["facet"] == facet]
        shown = {safe(r["value"]) for r in rows if r["part"] == "value"}
        for value in {getattr(o, facet) for o in said} - {None}:
            people = {o.author for o in said if getattr(o, facet) == value}
            hidden += len(people) < K
            if len(people) < K:
                assert safe(str(value)) not in shown
    assert hidden


def test_an_attacker_with_every_table_narrows_no_hidden_number(
    world: list[Opinion], release: Release
) -> None:
    """All published figures as equations over the full crossing of month, region and age; the
    attacker knows which cells there are. A linear program bounds what was hidden."""
    attacked = 0
    for policy in (ELEVATOR, EBIKE):
        said = [o for o in world if o.policy_id == policy.id and o.created_at.month < 5]
        keys = [(f"{o.created_at:%Y-%m}", o.region, o.age) for o in said]
        cells = sorted(set(keys), key=str)
        lines: list[tuple[int, str, list[dict[str, str]]]] = [
            (0, "month", table(release, Table.MONTHS, policy.id))
        ]
        groups = table(release, Table.GROUPS, policy.id)
        lines += [
            (place, "value", [r for r in groups if r["facet"] == facet])
            for place, facet in ((1, "region"), (2, "age"))
        ]
        matrix, right = [], []

        hidden: list[list[tuple]] = []
        for place, column, rows in lines:
            shown = {r[column].removeprefix("'") for r in rows if r["part"] == "value"}
            lacking = any(r["part"] == "lacking" for r in rows)
            out = [c for c in cells if (c[place] not in shown if c[place] else not lacking)]
            hidden += [[c for c in out if c[place] == v] for v in {c[place] for c in out}]
            for r in rows:
                if r["measure"] not in tuple(Stance):
                    continue
                if r["part"] == "rest":
                    chosen = out
                else:
                    wanted = r[column].removeprefix("'") or None
                    chosen = [c for c in cells if c[place] == wanted]
                matrix.append(
                    [float(c in chosen and s == r["measure"]) for s in Stance for c in cells]
                )
                right.append(int(r["count"]))
        for target in hidden:
            aim = np.array([float(c in target) for _ in Stance for c in cells])
            bounds = [
                linprog(sign * aim, A_eq=np.array(matrix), b_eq=np.array(right)) for sign in (1, -1)
            ]
            assert all(b.success for b in bounds)
            low, high = bounds[0].fun, -bounds[1].fun
            assert high - low >= K - 1e-6
            attacked += 1
    assert attacked > 4


def cell(count: int, authors: int, value: str) -> Cell:
    return Cell(values=(value,), counts=Counts(favor=count), authors=authors)


def one_line(line: list[Cell], whole: Cell) -> tuple[list[Cell], list[Cell]]:
    """What is shown and what is hidden of a line that stands alone."""
    found = answers(whole, {(Facet.SOURCE,): line})
    assert found is not None
    return protected(found)[Facet.SOURCE]


def test_what_is_hidden_together_stands_on_enough_people() -> None:
    """One person may stand behind all small cells: what they add up to would be about them."""
    line = [*(cell(3, 1, str(n)) for n in range(6)), cell(40, 30, "b"), cell(20, 12, "c")]
    whole = Cell(values=(), counts=Counts(favor=78), authors=43)
    shown, rest = one_line(line, whole)
    assert [c.values[0] for c in shown] == ["b"]
    assert {c.values[0] for c in rest} == {*map(str, range(6)), "c"}


@st.composite
def lines(draw: st.DrawFn) -> tuple[list[Cell], Cell]:
    """Cells of one line; some people may speak in several of them."""
    line = []
    for place in range(draw(st.integers(1, 8))):
        stances = draw(st.tuples(*[st.integers(0, 30)] * 3).filter(any))
        counts = Counts(**dict(zip(("favor", "against", "none"), stances, strict=True)))
        authors = draw(st.integers(1, counts.total))
        line.append(Cell(values=(str(place),), counts=counts, authors=authors))
    people = [c.authors for c in line]
    everybody = draw(st.integers(max(people), sum(people)))
    return line, Cell(values=(), counts=total(c.counts for c in line), authors=everybody)


@given(lines())
def test_whatever_was_said_the_rest_tells_of_nobody(case: tuple[list[Cell], Cell]) -> None:
    line, whole = case
    if whole.authors < K:  # then nothing of the policy is published
        return
    shown, rest = one_line(line, whole)
    assert all(c.authors >= K for c in shown)
    if rest:
        assert len(rest) > 1, "one alone is what the others leave"
        assert sum(c.counts.total for c in rest) >= K
        others = whole.authors - sum(c.authors for c in shown)
        assert max(others, *(c.authors for c in rest)) >= K, "few people may stand behind it"


def test_very_many_small_cells_are_hidden_in_bounded_time() -> None:
    line = [*(cell(1, 1, str(n)) for n in range(20_000)), cell(40, 30, "b"), cell(50, 40, "c")]
    whole = Cell(values=(), counts=Counts(favor=20_090), authors=20_000)
    shown, rest = one_line(line, whole)
    assert {c.values[0] for c in shown} == {"b", "c"}
    assert len(rest) == 20_000


def test_a_higher_k_hides_more(world: list[Opinion]) -> None:
    strict = released(world, k=60)
    assert {row["policy_id"] for row in table(strict, Table.POLICIES)} == {ELEVATOR.id, EBIKE.id}
    assert strict.id != released(world).id
    few = [r for r in table(strict, Table.GROUPS, EBIKE.id) if r["part"] == "value"]
    assert all(int(r["n"]) >= 60 for r in few)


@pytest.mark.parametrize("name", list(Table))
def test_every_format_reads_back_the_same(release: Release, name: Table, tmp_path: Path) -> None:
    files = write(release, tmp_path, list(Format))
    with (tmp_path / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        from_csv = list(csv.DictReader(file))
    from_json = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
    from_parquet = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
    assert from_json["release"] == release.id
    assert from_json["rows"] == from_parquet
    assert [
        {k: "" if v is None else str(safe(v)) for k, v in row.items()} for row in from_parquet
    ] == from_csv
    schema = pq.read_schema(tmp_path / f"{name}.parquet")
    assert schema.names == [field.name for field in FIELDS[name]]
    assert schema.field("count").type == "int64"
    keys = [tuple(row[key] for key in KEYS[name]) for row in from_parquet]
    assert len(keys) == len(set(keys))
    for field in FIELDS[name]:
        values = {row[field.name] for row in from_parquet}
        assert not field.required or None not in values
        assert not field.enum or values <= {*field.enum, None}
    assert {file for file in files if file.startswith(name)} == {
        f"{name}.csv", f"{name}.json", f"{name}.parquet",
    }  # fmt: skip


def test_excel_is_told_the_encoding_and_given_no_formula(release: Release) -> None:
    with_mark = b"".join(chunks(release, Table.GROUPS, Format.CSV))
    assert with_mark.startswith(b"\xef\xbb\xbfpolicy_id,")
    assert b"".join(chunks(release, Table.GROUPS, Format.CSV, bom=False)) == with_mark[3:]
    for text in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1"):
        assert safe(text) == f"'{text}"
    assert [safe(value) for value in ("北京", 1, -0.5, None)] == ["北京", 1, -0.5, None]


def test_a_group_named_like_a_formula_is_text(world: list[Opinion]) -> None:
    named = [o.model_copy(update={"region": "=cmd|' /C calc'!A0"}) for o in world[:100]]
    text = b"".join(chunks(released(named), Table.GROUPS, Format.CSV)).decode()
    assert ",'=cmd|" in text
    assert ",=cmd|" not in text
    rows = json.loads(b"".join(chunks(released(named), Table.GROUPS, Format.JSON)))["rows"]
    assert "=cmd|' /C calc'!A0" in {row["value"] for row in rows}


def test_no_text_and_no_author_is_in_any_file(release: Release, tmp_path: Path) -> None:
    for name in write(release, tmp_path, list(Format)):
        content = (tmp_path / name).read_bytes()
        assert SECRET.encode() not in content
        assert b"author1" not in content


def test_a_release_is_named_by_its_content(world: list[Opinion], release: Release) -> None:
    licence = {"name": release.publisher.name, "licence": release.publisher.licence}
    shuffled = random.Random(1).sample(world, len(world))
    assert released(shuffled, **licence).id == release.id
    assert released(world, **licence | {"licence": "CC0"}).id != release.id
    more = [*world, opinion(9, created_at=datetime(2026, 1, 1, tzinfo=UTC), id="new")]
    assert released(more, **licence).id != release.id
    running = [*world, opinion(9, created_at=datetime(2026, 5, 2, tzinfo=UTC), id="new")]
    assert released(running, **licence).id == release.id


def test_files_are_written_in_chunks(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {f: b"".join(chunks(release, Table.GROUPS, f)) for f in (Format.CSV, Format.JSON)}
    monkeypatch.setattr(formats_module, "AT_ONCE", 7)
    for wanted, content in whole.items():
        parts = list(chunks(release, Table.GROUPS, wanted))
        assert len(parts) > 10
        assert max(map(len, parts)) < 5_000
        assert b"".join(parts) == content
    assert sum(map(len, chunks(release, Table.GROUPS, Format.PARQUET))) > 100


def test_nothing_to_publish_is_an_empty_table(tmp_path: Path) -> None:
    empty = released([])
    files = write(empty, tmp_path, list(Format))
    assert json.loads((tmp_path / "months.json").read_bytes())["rows"] == []
    assert pq.read_table(tmp_path / "months.parquet").num_rows == 0
    assert empty.months is None
    assert all(isinstance(file, File) and file.size > 0 for file in files.values())


def test_a_release_has_bounds(world: list[Opinion], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_module, "MAX_CELLS", 5)
    with pytest.raises(InvalidQuery, match="--policy ID"):
        released(world)


class Restless(ReferenceIndex):
    """Something comes in between any two questions."""

    def cells(self, *asked: Any, **more: Any) -> list[Cell]:
        number = self.count()
        self.upsert([opinion(5000 + number)])
        return super().cells(*asked, **more)


def test_an_index_that_never_holds_still_is_not_published() -> None:
    index = Restless()
    index.upsert([opinion(n) for n in range(30)])
    with pytest.raises(IndexUnavailable, match="changes while it is read"):
        gather(index, [ELEVATOR], NOW, Publisher(), Adjuster(), "r")


def test_without_pyarrow_one_is_told_what_to_install(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats_module, "find_spec", lambda _: None)
    assert formats_module.formats() == (Format.CSV, Format.JSON)
    with pytest.raises(SettingError, match="scripts/setup parquet"):
        chunks(release, Table.MONTHS, Format.PARQUET)


def test_the_datasheet_says_what_one_must_know(world: list[Opinion], tmp_path: Path) -> None:
    scores = {"m1": (Score(name="stance, macro-F1", value=0.62, rows=1220),)}
    write(released(world, name="a|b", licence="CC BY 4.0", scores=scores), tmp_path, [Format.CSV])
    sheet = (tmp_path / "datasheet.md").read_text("utf-8")
    for said in (
        "自愿发言的人，不代表全体居民", "不能用来做什么", "CC BY 4.0", "a\\|b", "2026-01", "`m1`",
        "stance, macro-F1: 0.62（1,220 条）", "`r1`", "| 最少人数 k | 10 |", "400 条意见",
    ):  # fmt: skip
        assert said in sheet, said
    assert "k = 10" in (tmp_path / "methods.md").read_text("utf-8")
    write(released(world), tmp_path, [Format.CSV])
    assert "未声明" in (tmp_path / "datasheet.md").read_text("utf-8")
    assert "$" not in (tmp_path / "datasheet.md").read_text("utf-8")


def test_the_data_package_describes_the_files(release: Release, tmp_path: Path) -> None:
    files = write(release, tmp_path, list(Format))
    package = json.loads((tmp_path / "datapackage.json").read_bytes())
    assert package["version"] == release.id
    assert package["licenses"] == [{"path": release.publisher.licence}]
    assert len(package["resources"]) == 9
    for resource in package["resources"]:
        path = tmp_path / resource["path"]
        assert resource["bytes"] == path.stat().st_size == files[path.name].size
        assert {"name", "format", "mediatype", "hash"} <= set(resource)
        names = [field["name"] for field in resource["schema"]["fields"]]
        assert set(resource["schema"]["primaryKey"]) <= set(names)
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig") as file:
                assert next(csv.reader(file)) == names


def nodes(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        for value in document.values():
            yield from nodes(value)
    elif isinstance(document, list):
        for value in document:
            yield from nodes(value)


REQUIRED = {
    "dcat:Catalog": {"dct:title", "dct:description", "dct:publisher", "dcat:dataset"},
    "dcat:Dataset": {"dct:title", "dct:description", "dct:publisher", "dcat:distribution",
                     "dct:identifier", "dct:temporal", "dct:license", "dct:accrualPeriodicity"},
    "dcat:Distribution": {"dcat:accessURL", "dcat:downloadURL", "dcat:mediaType", "dcat:byteSize",
                          "dct:license"},
}  # fmt: skip
"""Mandatory in DCAT-AP 3, and what a portal asks for beside."""


@pytest.mark.parametrize("url", ["", "https://open.example.cn"])
def test_the_catalog_is_dcat(world: list[Opinion], tmp_path: Path, url: str) -> None:
    about = {"name": "市信访局", "licence": "https://l.example/by", "contact": "a@b.example"}
    files = write(released(world, url=url, **about), tmp_path, [Format.CSV, Format.JSON])
    document = json.loads((tmp_path / "catalog.jsonld").read_bytes())
    found = {kind: [n for n in nodes(document) if n.get("@type") == kind] for kind in REQUIRED}
    assert {kind: len(all_) for kind, all_ in found.items()} == {
        "dcat:Catalog": 1, "dcat:Dataset": 3, "dcat:Distribution": 6,
    }  # fmt: skip
    for kind, all_ in found.items():
        assert all(REQUIRED[kind] <= set(node) for node in all_)
    for node in (*found["dcat:Catalog"], *found["dcat:Dataset"]):
        assert {text["@language"] for text in node["dct:title"]} == {"zh", "en"}
    prefixes = set(document["@context"])
    for node in nodes(document):
        assert all(
            k.startswith("@") or k.split(":")[0] in prefixes
            for k in node
            if node is not document["@context"]
        )
    for node in found["dcat:Distribution"]:
        name = node["dcat:downloadURL"]["@id"].rsplit("/")[-1]
        assert node["dcat:byteSize"]["@value"] == str(files[name].size)
        assert node["dcat:mediaType"]["@id"].startswith("https://www.iana.org/assignments/")
        assert node["@id"] == (f"{url}/v1/export/{name}" if url else name)
