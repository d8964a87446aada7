"""A file on its way into the topics: what is published, what is buried, what the user is told."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random

import httpx
import pytest

from minyi.dead_letter import DeadLetter, dead_letter
from minyi.domain import Comment, Reply
from minyi.errors import BrokerUnavailable, MinyiError, SettingError
from streams.intake import files, ingest
from streams.intake.files import open_source
from streams.intake.ingest import Plan, Report, plan
from streams.sinks import ApiSink
from tests.hostile import hostile_records
from tests.unit.test_intake_workbook import workbook

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HEADER = "留言编号,留言用户,留言主题,留言时间,留言详情,反对数,点赞数\n"
GOOD = "1,A01,加装电梯,2020/1/26 9:05:00,支持加装电梯,0,1.2万\n"


class Kept:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.comments: list[Comment] = []
        self.letters: list[DeadLetter] = []

    async def publish(self, comments: Sequence[Comment]) -> None:
        self.comments += comments

    async def withdraw(self, ids: Sequence[str]) -> None:
        raise NotImplementedError

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        self.letters += letters


class Held:
    def now(self) -> datetime:
        return NOW


def planned(path: Path, source: str | None = None) -> Plan:
    return plan(open_source(path), {}, source)


def test_a_time_that_is_yet_to_come_is_refused(tmp_path: Path) -> None:
    """One typing error would move the end of every window, and of what waits for an answer."""
    path = tmp_path / "导出.csv"
    ahead = "2,A02,题,2062/3/1 8:00,支持,0,0\n3,A03,题,2026-03-02,支持,0,0\n"
    path.write_text(f"{HEADER}{GOOD}{ahead}")
    results = [result for _, result in plan(open_source(path), {}, now=NOW).read()]
    assert [isinstance(result, Comment) for result in results] == [True, False, True]
    assert str(results[1]) == (
        "field created_at: 2062-03-01 08:00 is yet to come; today is 2026-03-01"
    )
    assert all(isinstance(result, Comment) for _, result in planned(path).read())


async def taken(path: Path) -> tuple[Kept, Report]:
    kept = Kept()
    return kept, await ingest.ingest(planned(path), kept, Held())


async def test_good_rows_go_on_and_bad_ones_are_told_and_buried(tmp_path: Path) -> None:
    path = tmp_path / "导出.csv"
    bad = "2,A02,没有时间,,支持,0,0\n"
    late = "4,A04,题,9999-01-01,支持,0,0\n"
    stray = '3,A03,"题,2020-01-01,引号没有收尾,0,0\n'
    path.write_bytes((HEADER + GOOD + bad + stray + late).encode())
    kept, report = await taken(path)
    assert [c.id for c in kept.comments] == ["导出:1"]
    assert (report.rows, report.good, report.bad) == (4, 1, 3)
    assert [problem.split(":")[0] for problem in report.problems] == ["line 3", "line 4", "line 5"]
    assert "created_at" in report.problems[0]
    assert "stray quote" in report.problems[1]
    assert "between 1990 and 2100" in report.problems[2]
    assert [letter.content.decode() for letter in kept.letters] == [bad, stray, late]
    assert kept.letters[0].origin == "导出.csv:line 3"
    assert (kept.letters[0].stage, kept.letters[0].at) == ("read", NOW)


async def test_ages_that_cannot_be_placed_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    ages = ["18-30岁", "20-40岁", "未知", None, "青年"]
    rows = [{"内容": "支持", "日期": "2026-01-01", "年龄段": age} for age in ages]
    path.write_text("\n".join(map(json.dumps, rows)))
    kept, report = await taken(path)
    assert (report.good, report.ageless) == (5, 2)
    assert [comment.age for comment in kept.comments] == ["18-29", None, None, None, None]


async def test_a_file_read_twice_gives_the_same_records(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("时间,内容\n2020-01-01,支持\n2020-01-02,反对\n,空\n")
    first, second = [(await taken(path))[0] for _ in range(2)]
    assert first.comments == second.comments
    assert len({comment.id for comment in first.comments}) == 2
    assert [letter.key for letter in first.letters] == [letter.key for letter in second.letters]
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert (await taken(packed))[0].comments == first.comments


async def test_files_of_one_name_keep_their_letters_apart(tmp_path: Path) -> None:
    keys = []
    for folder in ("2025", "2026"):
        path = tmp_path / folder / "messages.csv"
        path.parent.mkdir()
        path.write_text(f"时间,内容\n2020-01-01,支持\n,{folder}年\n")
        for _ in range(2):
            keys += [letter.key for letter in (await taken(path))[0].letters]
    assert keys[0] == keys[1] != keys[2] == keys[3]


async def test_equal_rows_without_an_id_all_count_and_stay_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    petition = "2020-01-01,请给小区加装电梯\n"
    path.write_text("时间,内容\n" + petition + "2020-01-01,反对\n" + petition * 99)
    first, second = [(await taken(path))[0].comments for _ in range(2)]
    assert len({comment.id for comment in first}) == 101
    assert first == second
    path.write_text("时间,内容\n" + petition)
    assert (await taken(path))[0].comments == first[:1]


TWICE = [
    ["内容", "日期", " 内容", "ID", "id", "内容.2", ""],
    ["支持", "2020-01-01", "已转", *"123"],
]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_of_two_columns_of_one_name_the_first_is_read(tmp_path: Path, kind: str) -> None:
    """The second 内容 of a board's export is the official reply."""
    path = tmp_path / f"a.{kind}"
    text = "\n".join(map(",".join, TWICE))
    path.write_bytes(workbook(TWICE) if kind == "xlsx" else text.encode())
    [(_, comment)] = planned(path).read()
    assert isinstance(comment, Comment)
    assert (comment.id, comment.text) == ("a:1", "支持")
    assert comment.extra == {"内容.3": "已转", "id.2": "2", "内容.2": "3"}
    [(_, comment)] = plan(open_source(path), {"reply.text": "内容.3"}).read()
    assert isinstance(comment, Comment)
    assert comment.reply == Reply(text="已转")


def test_a_workbook_gives_the_same_comments_as_its_table_as_csv(tmp_path: Path) -> None:
    """Excel writes a carriage return as an escape, and an underscore before what looks like one."""
    table = [["日期", "留言{0}内容"], ["2020-01-01", "支持{0}加装{1}_x0041_"]]
    for name, put in (("a.xlsx", ("_x000D_\n", "_x005F")), ("a.csv", ("\r\n", ""))):
        filled = [[cell.format(*put) for cell in row] for row in table]
        text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in filled)
        (tmp_path / name).write_bytes(workbook(filled) if name == "a.xlsx" else text.encode())
    read = [
        comment
        for name in ("a.xlsx", "a.csv")
        for _, comment in plan(open_source(tmp_path / name), {"text": "留言\r\n内容"}).read()
    ]
    assert read[0] == read[1]
    assert isinstance(read[0], Comment)
    assert read[0].text == "支持\n加装_x0041_"


async def test_long_ids_of_a_workbook_are_buried_unless_they_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    ids = [4465120000000000, 4465120000000000.0, "4465120000000001", 446512000000000]
    path.write_bytes(workbook([["id", "日期", "内容"], *([n, "2020-01-01", "好"] for n in ids)]))
    kept, report = await taken(path)
    assert [comment.id for comment in kept.comments] == [f"a:{n}" for n in ids[2:]]
    assert [problem.split(":")[0] for problem in report.problems] == ["row 2", "row 3"]
    assert all("rounded by a spreadsheet" in letter.reason for letter in kept.letters)


@pytest.mark.parametrize("ending", [".csv", ".CSV", ".csv.gz", ".Csv.XZ"])
def test_only_known_endings_are_cut_off_the_name_of_a_source(tmp_path: Path, ending: str) -> None:
    pack = {".gz": gzip.compress, ".xz": lzma.compress}.get(ending[-3:].lower(), bytes)
    for month in ("热线2026.01", "热线2026.02"):
        path = tmp_path / (month + ending)
        path.write_bytes(pack("时间,内容\n2020-01-01,支持\n".encode()))
        assert planned(path).source == month


async def test_rows_that_overwrite_earlier_ones_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("编号,时间,内容\n" + "".join(f"{n},2020-01-01,支持\n" for n in "1213-1-"))
    assert (await taken(path))[1].again == 2
    path.write_text("时间,内容\n" + "2020-01-01,支持\n" * 3)
    assert (await taken(path))[1].again == 0


async def test_only_the_first_problems_are_told_but_all_are_buried(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "a", "created_at": "2026-01-01"}\n' + b"bad\n" * 1_234)
    advances: list[int] = []
    kept = Kept()
    report = await ingest.ingest(planned(path), kept, Held(), advances.append)
    assert (report.good, report.bad, len(report.problems)) == (1, 1_234, ingest.REPORTED)
    assert len(kept.letters) == 1_234
    assert sum(advances) == 1_235


async def test_what_stands_before_the_damage_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SAMPLE_BYTES", 1_000)
    random = Random(1)
    rows = "".join(
        json.dumps({"text": random.randbytes(40).hex(), "created_at": "2026-01-01"}) + "\n"
        for _ in range(4_000)
    )
    path = tmp_path / "a.jsonl.gz"
    packed = gzip.compress(rows.encode())
    path.write_bytes(packed[: len(packed) // 2])
    kept = Kept()
    with pytest.raises(SettingError, match=r"cannot be read to its end.*good rows before it") as e:
        await ingest.ingest(planned(path), kept, Held())
    assert 1_000 < len(kept.comments) < 4_000
    assert f"The {len(kept.comments):,} good rows" in str(e.value)


async def test_hostile_lines_are_all_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "hostile.jsonl"
    lines = [record.replace(b"\n", b" ") for record in islice(hostile_records(), 2_000)]
    lines = [line for line in lines if line.strip(b" \t\r\xef\xbb\xbf")]
    path.write_bytes(b"\n".join(lines) + b"\n")
    kept, report = await taken(path)
    assert report.rows == len(lines) == len(kept.comments) + len(kept.letters)
    assert kept.comments
    assert kept.letters


async def test_a_file_name_that_is_no_text_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / b"\xb5\xbc\xb3\xf6.csv".decode(errors="surrogateescape")
    path.write_text("时间,内容\n2020-01-01,支持\n,空\n")
    assert (await taken(path))[1].good == 1


async def test_a_long_file_name_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / f"{'n' * 200}.csv"
    path.write_text("时间,内容\n2020-01-01,支持\n")
    assert (await taken(path))[1].good == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no row can be read"),
        ("时间,内容\n", "no row can be read"),
        ("名字,年龄\n张,3\n", "no column looks like text"),
    ],
)
def test_a_file_without_comments_is_named(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "空.csv"
    path.write_text(content)
    with pytest.raises(SettingError, match=rf"空\.csv: {told}"):
        planned(path)


def test_a_file_of_other_lines_says_what_is_wrong_with_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("这是文字\n" * 5)
    with pytest.raises(SettingError, match="line 1: not JSON"):
        planned(path)


def written(path: Path, *groups: tuple[int, dict[str, object]]) -> Path:
    row = {"text": "支持", "created_at": "2026-01-01"}
    made = [json.dumps(row | more) for count, more in groups for _ in range(count)]
    path.write_text(f"[{','.join(made)}]" if path.suffix == ".json" else "\n".join(made))
    return path


DATED = '"时间": "2026-01-01"'
CLASHES = [
    (f'{{"text": "支持", "text": "反对", {DATED}}}', "the name 'text' stands twice"),
    (f'{{"text": "支持", "Text": "反对", {DATED}}}', "'text' and 'Text' differ in case"),
    (f'{{"ＩＤ": "1", "text": "好", "id": "2", {DATED}}}', "'ＩＤ' and 'id' differ in case"),
    (f'{{"心情": "好", "text": "好", "心情": "坏", {DATED}}}', "the name '心情' stands twice"),
    (
        f'{{"text": "好", "reply": {{"text": "是", "text": "否"}}, {DATED}}}',
        "the name 'text' stands twice (field reply.text)",
    ),
]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
async def test_two_values_for_one_column_are_buried_with_both(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    lines = [f'{{"text": "好", {DATED}, "reply": null}}', *(line for line, _ in CLASHES)]
    path.write_text(f"[{','.join(lines)}]" if name == "a.json" else "\n".join(lines))
    kept, report = await taken(path)
    assert report.good == 1
    kind = "item" if name == "a.json" else "line"
    for number, (told, (_, reason)) in enumerate(zip(report.problems, CLASHES, strict=True), 2):
        assert told.startswith(f"{kind} {number}: {reason}")
    assert [json.loads(letter.content, object_pairs_hook=list) for letter in kept.letters[:4]] == [
        json.loads(line, object_pairs_hook=list) for line, _ in CLASHES[:4]
    ]


async def test_rows_that_spell_a_column_otherwise_are_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"Text": "支持", "created_at": "2026-01-01", "User": "张"}\n'
        '{"text": "反对", "CREATED_AT": "2026-01-01", "ｕｓｅｒ": "李"}\n'
    )
    comments = (await taken(path))[0].comments
    assert [(c.text, c.author) for c in comments] == [("支持", "张"), ("反对", "李")]
    assert not any(c.extra for c in comments)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
async def test_fields_that_begin_late_are_read(tmp_path: Path, name: str) -> None:
    late = {"id": "7", "用户": "张", "region": "城东区", "likes": 3, "reply": "好", "写者": "李"}
    path = written(tmp_path / name, (700, {}), (1, late))
    *_, last = (await taken(path))[0].comments
    assert (last.id, last.author, last.region, last.likes) == ("a:7", "张", "城东区", 3)
    assert last.reply is not None
    given = plan(open_source(path), {"author": "写者"})
    *_, (_, last) = given.read()
    assert isinstance(last, Comment)
    assert last.author == "李"
    with pytest.raises(SettingError, match="no column '作者'"):
        plan(open_source(path), {"author": "作者"})


async def test_what_is_nested_is_no_field(tmp_path: Path) -> None:
    """Weibo's interface gives a user with forty fields, of which none is his name to Minyi."""
    path = tmp_path / "a.jsonl"
    row = {"mid": "1", "text": "支持", "created_at": "2026-01-01", "user": {"name": "张"}}
    replied = row | {"mid": "2", "reply": {"text": "好", "at": "2026-01-02"}}
    path.write_text("\n".join(map(json.dumps, (row, replied))))
    one, two = (await taken(path))[0].comments
    assert (one.author, one.extra) == (None, {"user": {"name": "张"}})
    assert two.reply is not None
    assert (
        await ingest.ingest(plan(open_source(path), {"author": "user"}), Kept(), Held())
    ).bad == 2


async def test_a_field_that_the_first_rows_have_stays_theirs(tmp_path: Path) -> None:
    """One odd row far down must not cost all the rows before it."""
    path = written(tmp_path / "a.jsonl", (200, {"user": "张"}), (1, {"author": "李", "内容": "不"}))
    assert planned(path).mapping == {"text": "text", "created_at": "created_at", "author": "user"}


def test_columns_that_nobody_looks_for_are_not_gathered(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.jsonl", *((1, {f"c{n}": n, " " * n + "赞": n}) for n in range(500))
    )
    with pytest.raises(SettingError, match="no column '作者'") as told:
        plan(open_source(path), {"author": "作者"})
    assert "c99" in str(told.value)
    assert "c100" not in str(told.value)
    assert str(told.value).count("赞") == 1


async def test_a_file_that_begins_with_rubbish_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("bad\n" * 200 + '{"text": "a", "created_at": "2026-01-01"}\n')
    assert (await taken(path))[1].good == 1


async def test_the_petitions_are_read_without_a_map(shared: Path) -> None:
    path = shared / "data" / "taidi2020_messages.jsonl.xz"
    chosen = planned(path)
    assert chosen.mapping == {
        "id": "id",
        "text": "text",
        "title": "topic",
        "created_at": "time",
        "author": "user",
        "likes": "likes",
        "dislikes": "dislikes",
        "reply.text": "reply",
        "reply.at": "reply_time",
    }
    read = [result for _, result in islice(chosen.read(), 2_000)]
    good = [result for result in read if isinstance(result, Comment)]
    assert len(good) == len(read)
    assert good[0].id.startswith("taidi2020_messages:")
    assert all(comment.created_at.year in range(2010, 2021) for comment in good)


def api(answers: list[httpx.Response], bodies: list[bytes]) -> httpx.AsyncClient:
    async def handle(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return answers.pop(0) if answers else httpx.Response(202, json={"rejected": []})

    return httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://minyi")


async def test_requests_to_a_running_service_stay_below_its_limit() -> None:
    bodies: list[bytes] = []
    comments = [
        Comment.from_mapping(
            {"id": str(n), "source": "s", "text": "长" * 19_000, "created_at": "2026-01-01"}
        )
        for n in range(150)
    ]
    letters = [
        dead_letter(b"x" * 90_000, origin=str(n), stage="read", reason="r", at=NOW)
        for n in range(150)
    ]
    async with api([], bodies) as client:
        await ApiSink(client).publish(comments)
        await ApiSink(client).bury(letters)
        await ApiSink(client).publish([])
    assert max(map(len, bodies)) <= 4_100_000
    assert sum(body.count(b"\n") + 1 for body in bodies) == 300


async def test_a_service_that_refuses_or_is_gone_is_told() -> None:
    letters = [dead_letter(b"x", origin="o", stage="read", reason="r", at=NOW)]
    async with api([httpx.Response(503, text="down")], []) as client:
        with pytest.raises(MinyiError, match="refused: down"):
            await ApiSink(client).bury(letters)

    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    transport = httpx.MockTransport(gone)
    async with httpx.AsyncClient(transport=transport, base_url="http://minyi") as client:
        with pytest.raises(BrokerUnavailable, match="does not answer"):
            await ApiSink(client).bury(letters)
