"""kill -9 of a writing process: every acknowledged batch is there, no batch is there in part."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from indexers.embedded import EmbeddedIndex
from indexers.queries import digest
from minyi.domain import Opinion, opinion_id
from minyi.query import Filters

ROOT = Path(__file__).parents[2]
BATCHES = 120
KILLS = 8


def batch(number: int) -> tuple[list[Opinion], list[str]]:
    """Return what batch ``number`` upserts and deletes: new ids and old ones with a new text."""
    chance = random.Random(number)
    names = [f"{number}-{n}" for n in range(10)]
    names += [f"{chance.randrange(number + 1)}-{chance.randrange(10)}" for _ in range(10)]
    written = [
        Opinion.model_validate(
            {
                "id": opinion_id(name, "p"),
                "comment_id": name,
                "policy_id": "p",
                "domain": "health",
                "source": "s",
                "created_at": "2024-05-15T12:00:00+08:00",
                "text": f"第{number}批说看病{'贵' * chance.randrange(1, 40)}",
                "link": {"policy_id": "p", "by": "alias"},
                "stance": chance.choice(["favor", "against", "none"]),
                "probabilities": {"favor": 0.3, "against": 0.3, "none": 0.4},
                "duplicate_key": name,
                "model_id": "m",
            }
        )
        for name in names
    ]
    gone = f"{chance.randrange(number + 1)}-{chance.randrange(10)}"
    return written, [opinion_id(gone, "p")]


def write(folder: Path) -> None:
    """Write all batches from the first on, and say each when it is durable."""
    index = EmbeddedIndex(folder)
    for number in range(BATCHES):
        written, gone = batch(number)
        index.upsert(written)
        print(f"{number} upsert", flush=True)
        index.delete(gone)
        print(f"{number} delete", flush=True)
    index.close()


def writer(folder: Path) -> subprocess.Popen[str]:
    """Start a process that writes."""
    command = [sys.executable, "-m", "tests.integration.test_index_kill", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def states() -> list[tuple[int, str]]:
    """Return the digest after every call, the first before any."""
    opinions: dict[str, Opinion] = {}

    def state() -> tuple[int, str]:
        return digest(opinions[id_].to_json() for id_ in sorted(opinions))

    seen = [state()]
    for number in range(BATCHES):
        written, gone = batch(number)
        opinions |= {opinion.id: opinion for opinion in written}
        seen.append(state())
        for id_ in gone:
            opinions.pop(id_, None)
        seen.append(state())
    return seen


def check(folder: Path, allowed: list[tuple[int, str]]) -> None:
    """Open the store as the next process would; records, pairs, facts and sums must agree."""
    index = EmbeddedIndex(folder)
    count, name = index.digest()
    assert (count, name) in allowed
    assert index.search("看病贵", Filters()).total == count
    summed = list(index.totals(Filters()).values())
    assert sum(counts.total for counts in summed) == count
    assert [cell.counts for cell in index.cells(Filters(), [])] == summed, "facts and sums"
    index.close()


def test_kill_at_random_points_loses_no_acknowledged_write(tmp_path: Path) -> None:
    expected = states()
    chance = random.Random()
    for attempt in range(KILLS):
        folder = tmp_path / str(attempt)
        acknowledged = chance.randrange(2 * BATCHES)
        with writer(folder) as process:
            assert process.stdout
            for _ in range(acknowledged):
                assert process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            acknowledged += len(process.stdout.readlines())
        # The call that was under way is there as a whole or not at all.
        check(folder, expected[acknowledged : acknowledged + 2])


def test_after_a_kill_the_same_records_lead_to_the_same_state(tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        assert process.stdout
        for _ in range(BATCHES):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    write(tmp_path)
    check(tmp_path, states()[-1:])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
