"""Linking on real texts with our own labels: it stays as good as docs/linking.md says."""

from __future__ import annotations

import json

import pytest

from benchmarks.score_linking import GOLD, ROOT, gold_messages, score, score_weibo, total
from minyi.linking import Linker
from minyi.registry import load_registry


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(load_registry(ROOT / "data" / "policies").values())


@pytest.mark.usefixtures("shared")
def test_petition_messages_are_linked_to_what_they_are_about(linker: Linker) -> None:
    found = score(message for message in gold_messages(linker) if message.split == "test")
    assert found.f1 >= 0.75, str(found)
    assert found.precision >= 0.72, str(found)
    assert found.recall >= 0.72, str(found)


@pytest.mark.usefixtures("shared")
def test_posts_are_linked_to_the_topic_they_were_collected_for(linker: Linker) -> None:
    found = total(score_weibo(linker, "report").values())
    assert found.f1 >= 0.88, str(found)


def test_gold_labels_name_policies_of_the_registry() -> None:
    policies = load_registry(ROOT / "data" / "policies")
    lines = GOLD.read_text(encoding="utf-8").splitlines()
    named = {policy for line in lines for policy in json.loads(line)["policies"]}
    assert len(lines) >= 300
    assert named <= policies.keys()
