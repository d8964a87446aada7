from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minyi.domain import SHANGHAI
from minyi.errors import InvalidRecord
from streams.intake.comments import to_comment
from streams.intake.times import read_time


def moment(written: Any) -> datetime:
    values = {"text": "好", "时间": written}
    return to_comment(values, {"text": "text", "created_at": "时间"}, "s").created_at


@pytest.mark.parametrize(
    "written",
    [
        "2020-01-26T09:05:00+08:00",
        "2020-01-26T01:05:00Z",
        "20200126T090500+0800",
        "2020-01-26 09:05+08:00",
        "2020-01-25T20:05:00.000-05:00",
        "2020-01-26 09:05",
        "2020-1-26 9:05:00",
        "2020/1/26 9:05",
        "2020.1.26 9:05:00.000",
        "2020年1月26日 9:05",
        "2020年1月26日9时5分",
        "2020年1月26日9点5分",
        "2020/1/26 9:05:00,123",
        "2020-1-26 9:05:00:123",
        "2020-01-26:09:05:00",
        "2020-01-2609:05:00",
        "2020年01月26日 09时05分00秒",
        "2020/1/26 上午9:05",
        " 2020-01-26 09：05 ",
        "２０２０-１-２６ 9:05",
        datetime(2020, 1, 26, 9, 5),
    ],
)
def test_a_time_is_read_as_people_write_it(written: Any) -> None:
    assert moment(written).replace(microsecond=0) == datetime(2020, 1, 26, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "hour"),
    [("上午12:30", 0), ("下午12:30", 12), ("下午3:30", 15), ("下午15:30", 15), ("23:30", 23)],
)
def test_half_days_are_understood(written: str, hour: int) -> None:
    assert moment(f"2020/6/5 {written}") == datetime(2020, 6, 5, hour, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize("written", ["2020-01-26", "2020年1月26日", "20200126", date(2020, 1, 26)])
def test_a_day_begins_at_midnight_in_shanghai(written: Any) -> None:
    assert moment(written) == datetime(2020, 1, 25, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "昨天",
        "2020-13-01",
        "2020-02-30 10:00",
        "2020/1/26 25:00",
        "12:00",
        1_580_000_000,
        1_580_000_000.0,
        "1580000000",
        "20201326090500",
        "2020012690500",
        "2020-01-05 08:30-09:00",
        "2020-01-05 09.30",
        "2020-01-15:08:30",
        "2020/12/15:08:30",
        "2020-1-15:30",
        "2020-1-158:30",
        "2020-1-115:30",
        "20-1-5",
        "1/5/20 14:30",
        "2020-W01",
        "2020",
        32_873,
        "99999",
        True,
        [1],
    ],
)
def test_what_is_no_time_is_refused_by_its_field(written: Any) -> None:
    with pytest.raises(InvalidRecord) as caught:
        moment(written)
    assert caught.value.place == "field created_at"


@pytest.mark.parametrize(
    "written",
    [
        "20年1月26日 9:05",
        "2020年1月26号 9:05",
        "2020年1月26日 星期日 9:05",
        "2020-01-26（周日）09:05",
        "2020年1月26日 早上9点05分",
        "2020/1/26 9:05 AM",
        "2020/1/26 9:05:00 上午",
        "20200126090500",
        "202001260905",
        "Sun Jan 26 09:05:00 +0800 2020",
        1_580_000_700_000,
        1_580_000_700_000.0,
        "1580000700000",
        43856.378472222,
        "43856.378472222",
    ],
)
def test_a_time_is_read_as_programs_and_offices_write_it(written: Any) -> None:
    assert moment(written) == datetime(2020, 1, 26, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("凌晨12:30", 0),
        ("凌晨1:30", 1),
        ("中午11:30", 11),
        ("中午12:30", 12),
        ("中午1:30", 13),
        ("傍晚6:30", 18),
        ("晚上8:30", 20),
        ("晚上20:30", 20),
        ("12:30 AM", 0),
        ("12:30pm", 12),
        ("1:30 PM", 13),
    ],
)
def test_parts_of_the_day_are_understood(written: str, hour: int) -> None:
    assert moment(f"2020/6/5 {written}") == datetime(2020, 6, 5, hour, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize("written", ["晚上12:05", "上午9:05 PM", "24:01", "25:00", "下午13:60"])
def test_a_time_that_could_be_two_is_refused(written: str) -> None:
    with pytest.raises(InvalidRecord):
        moment(f"2020/6/5 {written}")


@pytest.mark.parametrize("written", ["2020-02-28 24:00", "2020年2月28日24时", "2020/2/28 24:00:00"])
def test_the_end_of_a_day_is_the_next_ones_midnight(written: str) -> None:
    assert moment(written) == datetime(2020, 2, 29, tzinfo=SHANGHAI)


def number(low: int, high: int) -> st.SearchStrategy[str]:
    return st.builds(format, st.integers(low, high), st.sampled_from(["", "02"]))


@settings(max_examples=1_000, deadline=None)
@given(
    st.sampled_from(["2020-{}-{}", "2020/{}/{}", "2020.{}.{}", "2020年{}月{}", "20年{}月{}"]),
    st.tuples(number(1, 12), number(1, 31)),
    st.sampled_from(["", " ", ":", "-", "/", ".", "T", "日", "日(周三)", "号下午"]),
    st.lists(number(0, 23), max_size=4),
    st.sampled_from([":", "时", "点", "."]),
    st.sampled_from(["", " ", "分", " PM", ".123", "+08:00"]),
)
def test_what_is_read_has_the_day_of_its_text(
    day: str, numbers: tuple[str, str], between: str, clock: list[str], mark: str, end: str
) -> None:
    written = day.format(*numbers) + between + mark.join(clock) + end
    try:
        read = datetime.fromisoformat(read_time(written, "created_at"))
    except InvalidRecord:
        return
    month, of_month = re.findall(r"\d+", written)[1:3]
    glued = len(of_month) == 4  # day and hour, each with both its digits
    said = date(2020, int(month), int(of_month[:2] if glued else of_month))
    assert read.date() == said


@given(st.dates(date(1990, 1, 2), date(2099, 12, 31)), st.integers(0, 86_399))
def test_a_spreadsheets_serial_is_its_day_and_second(day: date, second: int) -> None:
    serial = (day - date(1899, 12, 30)).days + second / 86_400
    expected = datetime.combine(day, datetime.min.time(), SHANGHAI) + timedelta(seconds=second)
    assert moment(serial) == moment(str(serial)) == expected
    assert moment(int(serial)) == datetime.combine(day, datetime.min.time(), SHANGHAI)


def test_a_hostile_time_does_not_stall_the_reading() -> None:
    begun = time.process_time()
    with pytest.raises(InvalidRecord):
        moment("2026-1-1" + " " * 300_000 + "x")
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("written", ["18:16:00", "9:05", "下午3:05", "9时5分", time_of_day(18)])
def test_a_time_of_day_names_no_day(written: Any) -> None:
    with pytest.raises(InvalidRecord, match="names no day; --map created_at=COLUMN names another"):
        moment(written)


@pytest.mark.parametrize(
    "written", ["2020/1/26 9点半", "2020年1月26日上午9时半", "2020-1-26 9点 半"]
)
def test_half_past_is_read(written: str) -> None:
    assert read_time(written, "created_at") == "2020-01-26T09:30:00"
