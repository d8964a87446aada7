"""Hurt a running Minyi in every way, and count what is left: ``make chaos``.

Without engines that are named in the environment, it starts some with ``engines.py``, or with
docker compose (``--compose``), in a project of their own. Engines that MINYI_TEST_KAFKA and
MINYI_TEST_ELASTICSEARCH name are wiped: never name those of a service that runs for real.
Leaves with 1 when anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.chaos.report import table, write_json
from tests.chaos.running import ALL, Runner
from tests.chaos.trial import Options, Result

console = Console(stderr=True)


def main() -> int:
    options, chosen = _arguments()
    logging.getLogger().addHandler(logging.NullHandler())  # the workers' own logs tell it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and end what was started
    if options.list:
        for scenario in ALL:
            print(f"{scenario.name:<22} {scenario.about}")
        return 0
    amount = Options(
        comments=options.comments or (600 if options.quick else 3_000),
        seed=options.seed,
        kills=options.kills or (4 if options.quick else 20),
        quick=options.quick,
    )
    folder = options.keep or Path(tempfile.mkdtemp(prefix="minyi-chaos-"))
    results: list[Result] = []
    runner = Runner(amount, folder, options.compose, console)
    try:
        for result in runner.run(chosen):
            results.append(result)
            if options.json:
                write_json(options.json, amount, results)
    finally:
        runner.close()
        output = Console(width=None if sys.stdout.isatty() else 160)
        output.print(table(results))
    good = all(result.good for result in results)
    console.print(f"logs of the processes: {folder}", highlight=False, markup=False)
    return 0 if good else 1


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="make chaos", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    names = [scenario.name for scenario in ALL]
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument(
        "--scenario", action="append", choices=names, metavar="NAME", help="only this; repeatable"
    )
    parser.add_argument(
        "--only",
        choices=("embedded", "engines"),
        help="those on the embedded log, which need no engines, or the others",
    )
    parser.add_argument("--comments", type=int, help="records to send [3000; quick: 600]")
    parser.add_argument("--kills", type=int, help="kill -9 of a process [20; quick: 4]")
    parser.add_argument("--seed", type=int, default=1, help="of records and moments [1]")
    parser.add_argument("--quick", action="store_true", help="fewer records, shorter outages")
    parser.add_argument("--compose", action="store_true", help="engines of docker compose")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="for data and logs; emptied")
    options = parser.parse_args()
    embedded = [s.name for s in ALL if s.needs == "nothing"]
    chosen = options.scenario or [
        name
        for name in names
        if options.only is None or (name in embedded) is (options.only == "embedded")
    ]
    return options, chosen


if __name__ == "__main__":
    sys.exit(main())
