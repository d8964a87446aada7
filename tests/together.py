"""Which tests go to one worker when ``make test`` runs the suite on several cores."""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling

ENGINES = "engines"
"""The tests that empty and hurt the same Kafka and Elasticsearch."""
SERVICES = "services"
"""The tests that run whole services: they share a demo, and time what they start."""
LONG = {ENGINES: 0, SERVICES: 1}

_OF_ENGINES = re.compile("chaos|kafka|elastic|kibana_queries|broker_contract|letters|roles")


def group(nodeid: str) -> str:
    """Return what a test goes with, by the name of its file: the rest of the file, or more."""
    file = nodeid.partition("::")[0]
    folder = file.split("/")[1]
    if folder != "unit" and _OF_ENGINES.search(file):
        return ENGINES
    return SERVICES if folder == "e2e" else file


class Together(LoadScopeScheduling):
    """Deals out groups (xdist's own mark for them does nothing under pytest 9.2)."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
