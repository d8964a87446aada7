"""Files of policies: read, each policy checked on its own, and written.

A file holds a list ``policies`` of mappings with the fields of ``Policy``, and may name a
``domain`` that its policies share::

    domain: transport
    policies:
      - id: bus-service
        title: 公交线网优化与公交优先
        aliases: [公交优先, 公交线路]

It is YAML, JSON (the same shape, or a bare list) or CSV with one policy a row
(``minyi.policy_sheet``). Every problem is reported with file, policy and field, all of them at
once.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from minyi.errors import InvalidRegistry
from minyi.policy import Policy
from minyi.policy_sheet import from_row
from minyi.refused import told


@dataclass(frozen=True)
class Entry:
    """A policy and the file that it was read from."""

    file: str
    policy: Policy


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
            raise InvalidRegistry(
                f"{file.name}: neither UTF-8 nor GB18030; save it in UTF-8, a spreadsheet as CSV"
            ) from error
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
            rows = [from_row(row) for row in csv.DictReader(io.StringIO(text))]
        except csv.Error as error:
            raise InvalidRegistry(f"{name}: {error}") from error
    else:
        raise InvalidRegistry(
            f"{name}: policies are read from .yaml, .json and .csv files; save a spreadsheet as CSV"
        )
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


def dump_policies(policies: Iterable[Policy]) -> str:
    """Return policies as the YAML text of one registry file."""
    rows = [
        {k: v for k, v in policy.model_dump(mode="json").items() if v not in (None, [])}
        for policy in policies
    ]
    return yaml.safe_dump(
        {"policies": rows}, allow_unicode=True, sort_keys=False, width=100, default_flow_style=None
    )


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
