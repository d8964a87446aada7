"""Records as a hostile or broken producer would send them: seeded, as raw bytes.

Some are readable after all: odd is not wrong. Each of the others breaks in its own way.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

LINKING = "加装电梯的政策很好，支持；电动自行车新国标也该管一管。"
HUGE_EVERY = 500
"""Huge records are rare, so that ten thousand fit a test's disk and patience."""


def hostile_records(count: int = 10_000, seed: int = 20260301) -> Iterator[bytes]:
    """Yield ``count`` records; equal arguments yield equal bytes."""
    rng = random.Random(seed)
    for number in range(count):
        kinds = HUGE if number % HUGE_EVERY == 0 else KINDS
        yield rng.choice(kinds)(rng, number)


def _good(number: int) -> dict[str, Any]:
    return {
        "id": f"hostile-{number}",
        "source": "hostile",
        "text": f"{LINKING}（第{number}条）",
        "created_at": f"2026-03-{number % 28 + 1:02d}T08:00:00+08:00",
        "region": "A市",
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")


def _with(**odd: Any) -> Callable[[random.Random, int], bytes]:
    return lambda rng, number: json.dumps(_good(number) | odd).encode()


def _one_of(field: str, *values: Any) -> Callable[[random.Random, int], bytes]:
    return lambda rng, number: json.dumps(_good(number) | {field: rng.choice(values)}).encode()


def _cut(rng: random.Random, number: int) -> bytes:
    whole = _json(_good(number))
    return whole[: rng.randrange(len(whole))]


def _flipped(rng: random.Random, number: int) -> bytes:
    whole = bytearray(_json(_good(number)))
    for _ in range(rng.randint(1, 5)):
        whole[rng.randrange(len(whole))] = rng.randrange(256)
    return bytes(whole)


def _noise(rng: random.Random, number: int) -> bytes:
    return rng.randbytes(rng.randrange(200))


def _missing(rng: random.Random, number: int) -> bytes:
    record = _good(number)
    del record[rng.choice(["id", "source", "text", "created_at"])]
    return _json(record)


def _deep(rng: random.Random, number: int) -> bytes:
    depth = rng.choice([50, 300, 2_000, 100_000])
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    head = _json(_good(number))[:-1]
    return head + b',"deep":' + opening * depth + b"1" + closing * depth + b"}"


def _duplicate(rng: random.Random, number: int) -> bytes:
    return _json(_good(number) | {"id": f"hostile-same-{number % 5}"})


def _encoded(rng: random.Random, number: int) -> bytes:
    encoding = rng.choice(["gb18030", "utf-16", "utf-16-le", "utf-32", "utf-8-sig", "big5"])
    return json.dumps(_good(number), ensure_ascii=False).encode(encoding, errors="replace")


def _repeated_keys(rng: random.Random, number: int) -> bytes:
    return _json(_good(number))[:-1] + ', "text": "另一段", "id": null}'.encode()


def _raw_surrogate(rng: random.Random, number: int) -> bytes:
    return _json(_good(number) | {"text": "断\udc80了\ud83d"})


def _big_number(rng: random.Random, number: int) -> bytes:
    digits = rng.choice([20, 400, 4_299, 5_000])
    field = rng.choice(["likes", "number"])
    return _json(_good(number))[:-1] + f', "{field}": 1{"0" * digits}}}'.encode()


def _long_text(rng: random.Random, number: int) -> bytes:
    return _json(_good(number) | {"text": "长" * (5_000_000 // 3)})


def _long_number(rng: random.Random, number: int) -> bytes:
    return _json(_good(number))[:-1] + b', "number": 1' + b"0" * 900_000 + b"}"


def _growing(rng: random.Random, number: int) -> bytes:
    """Small as it comes in, above the largest record once it is written out again."""
    return _json(_good(number))[:-1] + b', "numbers": [' + b"1e9," * 100_000 + b"1]}"


HUGE = (_long_text, _long_number, _growing)
KINDS: tuple[Callable[[random.Random, int], bytes], ...] = (
    lambda rng, number: _json(_good(number)),
    lambda rng, number: rng.choice([b"", b" ", b"\n", b"\x00", b"\x00" * 64, b"\xef\xbb\xbf"]),
    lambda rng, number: rng.choice([b"null", b"true", b"[]", b"{}", b"3", b'"text"', b"NaN"]),
    lambda rng, number: _json([_good(number)]),
    _cut,
    _flipped,
    _noise,
    _missing,
    _deep,
    _duplicate,
    _encoded,
    _repeated_keys,
    _raw_surrogate,
    _big_number,
    _one_of(
        "id", "", " ", "\x00", None, 5, 1.5, True, [], {}, "长" * 201, "\ud800", "a\nb", "../x"
    ),
    _one_of("source", "", None, 0, ["weibo"], "源" * 101, "\udfff"),
    _one_of("text", "", "   ", "\x00\x01", None, 1, ["a"], {"a": "b"}, "长" * 20_001, "\ud800"),
    _one_of(
        "text", "\x1b[31m" + LINKING, "\u202e" + LINKING, "\ufeff" * 20, "👨‍👩‍👧" * 500, "\r\n" * 99
    ),
    _one_of(
        "text", LINKING * 700, "<script>alert(1)</script>", "'; DROP TABLE opinion; --", "%s%n"
    ),
    _one_of("title", 5, [], "题" * 501, "\ud800", "\x00"),
    _one_of("created_at", "9999-12-31T23:59:59Z", "0000-01-01", "0001-01-01T00:00:00+14:00"),
    _one_of("created_at", "2099-12-31T23:59:59Z", "1990-01-01", "1989-12-31T23:59:59Z"),
    _one_of("created_at", "2026-02-30", "2026-01-01T25:61", "昨天", "", None, "1700000000", "now"),
    _one_of("created_at", 0, -1, 1_700_000_000, 1.7e12, 1e400, True, [], {}, "９９９９-12-31"),
    _one_of("created_at", "2026-03-08T02:30:00+99:99", "2026-03-01T08:00:00+23:59"),
    _one_of("likes", -1, 1.5, "many", 10**30, float("nan"), float("inf"), [], True, "１２"),
    _one_of("dislikes", -(10**30), "", {}, -0.0, 1e308),
    _one_of("reply", "已收到", [], {}, {"text": None}, {"text": "好", "at": 5}, {"text": "\ud800"}),
    _one_of("reply", {"text": "复" * 20_001}, {"text": "好", "at": "9999-12-31"}, {"unknown": 1}),
    _one_of("url", "javascript:alert(1)", "http://" + "a" * 3_000, 7),
    _one_of("region", 5, "区" * 101, "\x00", ["A市"], "A市\n"),
    _one_of("extra", None, 5, "x", [1, [2]], {"extra": {"extra": 1}}, {"\ud800": 1}),
    _with(**{"\ud800": 1}),
    _with(**{"k" * 10_000: {"\udfff": float("inf")}}),
    _with(unknown=float("nan"), more=float("-inf"), nothing=None),
    _with(__proto__={"a": 1}, constructor="x", model_config={}, to_json="y"),
)
