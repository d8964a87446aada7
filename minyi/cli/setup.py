"""``minyi setup``: topics, registry and index, made ready."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from minyi.cli.opening import set_up_index
from minyi.cli.options import Data
from minyi.cli.tables import plain
from minyi.cli.wiring import console, output, registry, settings

if TYPE_CHECKING:
    from streams.provision import Step


def setup(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")
    ] = False,
    adjust: Annotated[
        bool, typer.Option("--adjust", help="Change settings of topics that differ from ours.")
    ] = False,
    data: Data = None,
) -> None:
    """Create the topics that are missing, publish the registry, ready the index.

    Safe to repeat, and on every deploy. A topic that exists keeps its partitions; one with
    fewer than MINYI_PARTITIONS is refused.
    """
    from streams.access import access
    from streams.provision import carry_out, plan, publish_registry, unpublished

    config = settings(data)

    async def run() -> None:
        policies = registry(config)
        async with access(config) as broker:
            steps = await plan(broker, config.partitions, adjust)
            if dry_run:
                _show_steps(steps)
                changed = await unpublished(broker, policies.values())
                print(f"registry: {len(policies)} policies {'to publish' if changed else 'same'}")
                return
            await carry_out(broker, steps, config.partitions)
            published = await publish_registry(broker, policies.values())
        _tell_steps(steps)
        print(f"registry: {len(policies)} policies {'published' if published else 'unchanged'}")

    asyncio.run(run())
    if not config.embedded_index and not dry_run:
        created = set_up_index(config)
        print(f"index: templates put, {', '.join(created) or 'no index missing'}")


def _tell_steps(steps: Sequence[Step]) -> None:
    """Say what set-up has done, and what it has left as it is."""
    created = [step.topic for step in steps if step.action == "create"]
    print(f"topics created: {', '.join(created) or 'none missing'}")
    for step in steps:
        if step.action == "adjust":
            print(f"topic {step.topic} adjusted: {step.detail}")
        elif step.action == "differs":
            console.print(
                f"topic {step.topic} differs: {step.detail} (--adjust changes settings)",
                markup=False,
            )
        elif step.action == "keep" and step.detail:
            console.print(f"topic {step.topic} kept: {step.detail}", markup=False)


def _show_steps(steps: Sequence[Step]) -> None:
    """Print what set-up would do."""
    rows = Table("topic", "would", "detail")
    for step in steps:
        rows.add_row(
            *plain(step.topic, step.action, step.detail),
            style="red" if step.action == "refuse" else None,
        )
    output.print(rows)
