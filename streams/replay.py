"""Record topics to a file and replay them: keys, headers and timestamps are kept (Kafka stamps the
topic ``comments`` anew), and partitions where there are as many.

A recording is JSON Lines, gzipped when its name ends in ``.gz``. The first line names the topics
and their partitions; each further line is one record, its bytes as text where they are UTF-8
(``key``, ``value``), else in base64 (``key_b64``, ``value_b64``).
"""

from __future__ import annotations

import base64
import gzip
import json
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from minyi.errors import InvalidRecord, SettingError
from streams.access import Access, chunks
from streams.embedded import NewRecord, Record
from streams.embedded.records import checked
from streams.topics import CHANGELOG, COMMENTS, SPECS

log = logging.getLogger(__name__)

FORMAT = "minyi-recording/1"
COMPACTED = frozenset(spec.name for spec in (*SPECS, CHANGELOG) if spec.compacted)
_DAMAGED = (OSError, EOFError, zlib.error, UnicodeDecodeError)
"""What reading a file raises that is cut off, or packed otherwise than its name says."""


async def record(access: Access, topics: Sequence[str], path: Path) -> int:
    """Write the records of the topics to a file; return how many.

    The file appears whole or not at all, and only its owner can read it: nothing is redacted. What
    was sent of a comment before it was withdrawn is left out.

    Raises:
        SettingError: when a topic does not exist or the file cannot be written.
    """
    partitions = await access.partitions(topics)
    missing = [name for name in topics if name not in partitions]
    if missing:
        raise SettingError(f"no topic {missing[0]!r} on this broker")
    draft = path.with_name(f".{path.name}")
    count = 0
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        with _open(draft, "wt", packed=path.suffix == ".gz") as file:
            file.write(json.dumps({"format": FORMAT, "topics": partitions}) + "\n")
            for name in topics:
                gone = await _withdrawn(access) if name == COMMENTS else {}
                async for entry in access.read(name):
                    if entry.offset < gone.get((entry.partition, entry.key), 0):
                        continue
                    file.write(json.dumps(_to_line(entry), ensure_ascii=False) + "\n")
                    count += 1
        draft.replace(path)
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return count


async def _withdrawn(access: Access) -> dict[tuple[int, bytes | None], int]:
    """Return up to where the records of a comment are withdrawn, by partition and key."""
    return {
        (entry.partition, entry.key): entry.offset
        async for entry in access.read(COMMENTS)
        if entry.value is None
    }


def read_recording(path: Path) -> tuple[dict[str, int], Iterator[NewRecord]]:
    """Return topic → partitions, and the records in order.

    Raises:
        SettingError: when the file is not there or no recording.
        InvalidRecord: while iterating, with the line that cannot be read.
    """
    if not path.is_file():
        raise SettingError(f"{path}: no such file")
    try:
        with _open(path, "rt", packed=path.suffix == ".gz") as file:
            head = json.loads(file.readline())
        if head["format"] != FORMAT:
            raise ValueError(f"format {head['format']!r}")
        topics = {str(name): int(count) for name, count in head["topics"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, *_DAMAGED) as error:
        raise SettingError(f"{path}: no Minyi recording ({FORMAT}): {error}") from error
    return topics, _records(path, topics)


async def replay(
    access: Access, path: Path, advance: Callable[[int], None] = lambda count: None
) -> int:
    """Append a recording to the broker; return how many records.

    Topics that are missing are created as they were. Where one has another number of partitions,
    its records go where their keys belong, those of a key in their order; a compacted one is
    refused, since a key that was in two partitions might be left with another record.

    Raises:
        SettingError: see :func:`read_recording`, and for topics that do not fit.
        InvalidRecord: with the line that cannot be read or appended; nothing is appended.
    """
    topics, records = read_recording(path)
    for _ in records:  # a damaged one must not come in by half
        pass
    present = await access.partitions(list(topics))
    made = {spec.name: spec.partitions for spec in SPECS}
    moved = set()
    for name, count in topics.items():
        if name not in present and name not in made:
            raise SettingError(f"no topic {name!r} on this broker, and none that Minyi makes")
        here = present.get(name) or made.get(name) or count
        if here == count:
            continue
        if name in COMPACTED:
            raise SettingError(
                f"topic {name!r} is compacted and has {here} partitions here, {count} in {path}: "
                "make a recording without it (minyi record FILE --topic comments)"
            )
        moved.add(name)
        log.info("topic %s: %d partitions in the recording, %d here", name, count, here)
    for spec in SPECS:
        if spec.name in topics and spec.name not in present:
            await access.create([spec], topics[spec.name])
    total = 0
    for chunk in chunks(_records(path, topics)):
        await access.append(
            [entry._replace(partition=None) if entry.topic in moved else entry for entry in chunk]
        )
        total += len(chunk)
        advance(len(chunk))
    return total


def _open(path: Path, mode: str, packed: bool) -> IO[str]:
    if packed:
        return cast(IO[str], gzip.open(path, mode, encoding="utf-8"))
    return path.open(mode, encoding="utf-8")


def _to_line(entry: Record) -> dict[str, Any]:
    line: dict[str, Any] = {
        "topic": entry.topic,
        "partition": entry.partition,
        "timestamp": entry.timestamp,
    }
    line |= _packed("key", entry.key) | _packed("value", entry.value)
    if entry.headers:
        line["headers"] = [
            [name, base64.b64encode(value).decode()] for name, value in entry.headers
        ]
    return line


def _packed(name: str, content: bytes | None) -> dict[str, str]:
    if content is None:
        return {}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_b64": base64.b64encode(content).decode()}


def _unpacked(line: dict[str, Any], name: str) -> bytes | None:
    if f"{name}_b64" in line:
        return _decoded(line[f"{name}_b64"])
    return line[name].encode() if name in line else None


def _records(path: Path, topics: Mapping[str, int]) -> Iterator[NewRecord]:
    """Yield the records behind the first line, which names the topics."""
    number = 0
    try:
        with _open(path, "rt", packed=path.suffix == ".gz") as file:
            for number, text in enumerate(file, start=1):
                if number > 1:
                    yield _from_line(text, topics)
    except _DAMAGED as error:
        where = f"{path}, after line {number}"
        raise InvalidRecord(f"the file is cut off or damaged: {error}", where) from error
    except InvalidRecord as error:
        raise InvalidRecord(f"{error.reason} ({error.place})", f"{path}, line {number}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        where = f"{path}, line {number}"
        raise InvalidRecord(f"no record of a recording: {error!r}", where) from error


def _from_line(text: str, topics: Mapping[str, int]) -> NewRecord:
    """Read a record that the broker takes: only what all lines pass is appended."""
    line = json.loads(text)
    topic, partition, timestamp = line["topic"], line["partition"], line["timestamp"]
    if type(partition) is not int or not 0 <= partition < topics[topic]:
        raise ValueError(f"topic {topic!r} has no partition {partition!r}")
    if type(timestamp) is not int:
        raise ValueError(f"timestamp {timestamp!r}")
    key = _unpacked(line, "key")
    if key is None and topic in COMPACTED:
        raise InvalidRecord("a record needs a key", f"compacted topic {topic}")
    headers = tuple((name, _decoded(value)) for name, value in line.get("headers", ()))
    return checked(NewRecord(topic, key, _unpacked(line, "value"), headers, timestamp, partition))


def _decoded(content: str) -> bytes:
    return base64.b64decode(content, validate=True)
