"""The policy registry: a folder of YAML files (``minyi.policy_files``), checked as a whole. Every
problem is reported with file, policy and field, all of them at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from minyi.errors import InvalidRegistry
from minyi.policy import Policy
from minyi.policy_files import Entry, dump_policies, read_policies
from minyi.policy_sheet import WORDS
from minyi.text import fold

IMPORTED = "imported.yaml"
"""The file of a registry folder that imports are merged into."""


def load_registry(folder: Path) -> dict[str, Policy]:
    """Read every YAML file of a folder; return the policies by id, in order of file and place.

    Raises:
        InvalidRegistry: with one line a problem: file, policy, field, what to do.
    """
    files = _files(folder)
    if not files:
        raise InvalidRegistry(f"{folder} holds no .yaml file; name a folder of policies")
    return _valid([entry for file in files for entry in read_policies(file)])


def revision(policies: Iterable[Policy]) -> str:
    """Return 16 hex digits that name a registry by its content, as its topic does."""
    values = {policy.id: policy.to_json() for policy in policies}
    return revision_of(values[name] for name in sorted(values))


def revision_of(values: Iterable[bytes]) -> str:
    """Return the name of a registry; its policies as JSON, in order of their ids."""
    digest = hashlib.sha256()
    for value in values:
        digest.update(value)
    return digest.hexdigest()[:16]


def import_policies(source: Path, folder: Path) -> tuple[Policy, ...]:
    """Merge the policies of a file into ``imported.yaml`` of a registry folder.

    All are written, or none: a policy whose id or alias is taken, in the registry or in the file
    itself, stops the import.

    Returns:
        The policies that were added.

    Raises:
        InvalidRegistry: with one line a problem; nothing was written.
    """
    new = read_policies(source)
    if not new:
        raise InvalidRegistry(f"{source.name}: holds no policy")
    old = [entry for file in _files(folder) for entry in read_policies(file)]
    _valid(old + new)
    imported = [entry.policy for entry in old if entry.file == IMPORTED]
    added = tuple(entry.policy for entry in new)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{IMPORTED}.partial"
    partial.write_text(dump_policies([*imported, *added]), encoding="utf-8")
    os.replace(partial, folder / IMPORTED)
    return added


def check_policies(entries: Iterable[Entry]) -> list[str]:
    """Return what is wrong with a set of policies, one line a problem; empty when all is well."""
    problems: list[str] = []
    ids: dict[str, str] = {}
    aliases: dict[str, Entry] = {}
    for entry in entries:
        policy, place = entry.policy, f"{entry.file}: {entry.policy.id}"
        if policy.id in ids:
            problems.append(
                f"{place}: id: already used in {ids[policy.id]}; "
                "choose another id, or change it there"
            )
            continue
        ids[policy.id] = entry.file
        problems += [f"{place}: {line}" for line in _words(policy)]
        for alias in policy.aliases:
            other = aliases.setdefault(fold(alias), entry)
            if other is not entry:
                problems.append(
                    f"{place}: aliases: {alias!r} is already an alias of {other.policy.id} "
                    f"({other.file}); keep it in one, or make it a keyword of both"
                )
    return problems


def _files(folder: Path) -> list[Path]:
    return sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))


def _valid(entries: list[Entry]) -> dict[str, Policy]:
    if problems := check_policies(entries):
        raise InvalidRegistry("\n".join(problems))
    return {entry.policy.id: entry.policy for entry in entries}


def _words(policy: Policy) -> list[str]:
    """Check the words of one policy against each other."""
    problems: list[str] = []
    folded = {field: [fold(word) for word in getattr(policy, field)] for field in WORDS}
    for field in WORDS:
        seen: set[str] = set()
        for word, key in zip(getattr(policy, field), folded[field], strict=True):
            if not word or "\n" in word or word != word.strip():
                problems.append(f"{field}: {word!r} is blank, or has white space around it")
            elif key in seen:
                problems.append(f"{field}: {word!r} stands twice; remove one")
            seen.add(key)
    for alias, key in zip(policy.aliases, folded["aliases"], strict=True):
        if len(alias.strip()) < 2:
            problems.append(f"aliases: {alias!r} is too short to link alone; make it a keyword")
        if key in folded["exclusions"]:
            problems.append(f"aliases: {alias!r} is an exclusion too, so it never links; drop one")
        if key in folded["keywords"]:
            problems.append(f"keywords: {alias!r} is an alias already; remove it here")
    names = {*folded["aliases"], *folded["keywords"]}
    for word, key in zip(policy.exclusions, folded["exclusions"], strict=True):
        if not any(name in key for name in names):
            problems.append(
                f"exclusions: {word!r} holds no alias or keyword, so it does nothing; "
                "did you mean context_exclusions?"
            )
    return problems
