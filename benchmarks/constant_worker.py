"""``minyi …`` with a tagger that always says the same, to time all that is not the tagger.

``MINYI_TEST_PROFILE`` names a file for a profile of the main thread.
"""

from __future__ import annotations

import cProfile
import os
from collections.abc import Sequence
from typing import cast

from minyi.cli import main, wiring
from minyi.domain import StanceProbabilities, Tagging
from minyi.policy import Policy
from minyi.settings import Settings
from minyi.vocabulary import Stance
from models.runtime import OnnxTagger

PROFILE = "MINYI_TEST_PROFILE"
NONE = Tagging(
    stance=Stance.NONE, probabilities=StanceProbabilities(favor=0.1, against=0.2, none=0.7)
)


class ConstantTagger:
    """Says none of everything."""

    model_id = "constant"

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        return [NONE] * len(pairs)


def _tagger(config: Settings) -> OnnxTagger:
    return cast(OnnxTagger, ConstantTagger())


def run() -> None:
    """Be ``minyi`` with the given arguments."""
    wiring.tagger = _tagger
    if not (path := os.environ.get(PROFILE)):
        main()
        return
    profile = cProfile.Profile()
    try:
        profile.runcall(main)
    finally:
        profile.dump_stats(path)


if __name__ == "__main__":
    run()
