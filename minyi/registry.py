"""The policy registry as files: read, validate, merge.

A registry is a folder of YAML files. A file holds a list ``policies`` of mappings with the fields
of ``Policy``, and may name a ``domain`` that its policies share::

    domain: transport
    policies:
      - id: bus-service
        title: 公交线网优化与公交优先
        aliases: [公交优先, 公交线路]

Policies to import may also come as JSON (the same shape, or a bare list) or as CSV with one policy
a row: headings are field names or their Chinese names, several words in a cell are separated by
``;`` or ``；``. Every problem is reported with file, policy and field, all of them at once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from minyi.errors import InvalidRegistry
from minyi.policy import Policy
from minyi.refused import told
from minyi.text import fold
from minyi.vocabulary import DOMAIN_ZH

IMPORTED = "imported.yaml"
"""The file of a registry folder that imports are merged into."""
LISTS = ("aliases", "keywords", "exclusions", "context_exclusions")
FIELD_ZH = {
    "编号": "id",
    "名称": "title",
    "领域": "domain",
    "说明": "description",
    "别名": "aliases",
    "关键词": "keywords",
    "排除词": "exclusions",
    "语境排除": "context_exclusions",
    "部门": "department",
    "地区": "region",
    "生效日期": "in_force_from",
    "失效日期": "in_force_until",
    "事件": "events",
}
_DOMAINS = {name: domain.value for domain, name in DOMAIN_ZH.items()}


@dataclass(frozen=True)
class Entry:
    """A policy and the file that it was read from."""

    file: str
    policy: Policy


def load_registry(folder: Path) -> dict[str, Policy]:
    """Read every YAML file of a folder; return the policies by id, in order of file and place.

    Raises:
        InvalidRegistry: with one line a problem: file, policy, field, what to do.
    """
    files = _files(folder)
    if not files:
        raise InvalidRegistry(f"{folder} holds no .yaml file; name a folder of policies")
    return _valid([entry for file in files for entry in read_policies(file)])


def read_policies(file: Path) -> list[Entry]:
    """Read the policies of one YAML, JSON or CSV file, each valid on its own.

    Raises:
        InvalidRegistry: with one line a problem.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InvalidRegistry(f"{file}: cannot be read: {error.strerror}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InvalidRegistry(f"{file.name}: neither UTF-8 nor GB18030") from error
    return parse_policies(text, file.name)


def parse_policies(text: str, name: str) -> list[Entry]:
    """Parse the text of a file; ``name`` ends in .yaml, .yml, .json or .csv and names the place.

    Raises:
        InvalidRegistry: with one line a problem.
    """
    suffix = Path(name).suffix.lower()
    if suffix in (".yaml", ".yml", ".json"):
        rows = _rows(_tree(text, name, is_json=suffix == ".json"), name)
    elif suffix == ".csv":
        try:
            rows = [_from_csv(row) for row in csv.DictReader(io.StringIO(text))]
        except csv.Error as error:
            raise InvalidRegistry(f"{name}: {error}") from error
    else:
        raise InvalidRegistry(f"{name}: policies are read from .yaml, .json and .csv files")
    entries: list[Entry] = []
    problems: list[str] = []
    for number, row in enumerate(rows, start=1):
        label = row.get("id") or f"policy {number}"
        try:
            entries.append(Entry(name, Policy.model_validate(row)))
        except ValidationError as error:
            problems += [f"{name}: {label}: {line}" for line in _lines(error)]
    if problems:
        raise InvalidRegistry("\n".join(problems))
    return entries


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


def dump_policies(policies: Iterable[Policy]) -> str:
    """Return policies as the YAML text of one registry file."""
    rows = [
        {k: v for k, v in policy.model_dump(mode="json").items() if v not in (None, [])}
        for policy in policies
    ]
    return yaml.safe_dump(
        {"policies": rows}, allow_unicode=True, sort_keys=False, width=100, default_flow_style=None
    )


def check_policies(entries: Iterable[Entry]) -> list[str]:
    """Return what is wrong with a set of policies, one line a problem; empty when all is well."""
    problems: list[str] = []
    ids: dict[str, str] = {}
    aliases: dict[str, Entry] = {}
    for entry in entries:
        policy, place = entry.policy, f"{entry.file}: {entry.policy.id}"
        if policy.id in ids:
            problems.append(f"{place}: id: already used in {ids[policy.id]}; choose another id")
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
    folded = {field: [fold(word) for word in getattr(policy, field)] for field in LISTS}
    for field in LISTS:
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


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        place, message = told(problem)
        if problem["type"] == "extra_forbidden":
            message = f"unknown field; the fields are {', '.join(Policy.model_fields)}"
        elif problem["type"] == "string_type" and problem["input"] is not None:
            message = f'{problem["input"]!r} is not text; put it in quotes: "{problem["input"]}"'
        lines.append(f"{place}: {message}" if place else message)
    return lines


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key that stands twice, where YAML keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(None, None, f"{key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def _tree(text: str, name: str, *, is_json: bool) -> Any:
    try:
        return json.loads(text) if is_json else yaml.load(text, _Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InvalidRegistry(f"{name}: {line}{error.problem}") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InvalidRegistry(f"{name}: {error}") from error


def _rows(tree: Any, name: str) -> list[dict[str, Any]]:
    """Return the policies' mappings, each with the domain that the file gives."""
    shared: dict[str, Any] = {}
    if isinstance(tree, Mapping):
        if unknown := [key for key in tree if key not in ("domain", "policies")]:
            raise InvalidRegistry(
                f"{name}: {unknown[0]}: unknown field; a file holds domain and policies"
            )
        shared = {"domain": tree["domain"]} if "domain" in tree else {}
        tree = tree.get("policies")
    if not isinstance(tree, list) or not all(isinstance(row, Mapping) for row in tree):
        raise InvalidRegistry(f"{name}: policies: must be a list of mappings")
    return [shared | dict(row) for row in tree]


def _from_csv(row: Mapping[str | None, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = {}
    for heading, cell in row.items():
        heading = (heading or "more cells than headings").strip()
        field = FIELD_ZH.get(heading, heading)
        cell = cell.strip() if isinstance(cell, str) else cell
        if not cell:
            continue
        if field in (*LISTS, "events"):
            cell = [word.strip() for word in cell.replace("；", ";").split(";") if word.strip()]
        policy[field] = _DOMAINS.get(cell, cell) if field == "domain" else cell
    return policy
