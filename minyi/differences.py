"""Where a policy does not fit: who really differs in what they say of it, and how much. Pure.

Each group by region, channel, source, age and month is compared with all other opinions on the
policy: which share favors or opposes it, and which praises or criticises an aspect. Shares are
drawn together as far as the groups' sizes allow (``minyi.groups.pooling``); what is reported as a
finding is held to one false-discovery rate over all comparisons of the answer
(``minyi.groups.discoveries``); findings are ranked by how many opinions a group has beyond what the
others would lead one to expect. Groups of fewer than ten authors are hidden (``minyi.disclosure``).
Differences that turn around within the groups of another facet are named
(``minyi.groups.reversals``). None of it says why.
"""

from __future__ import annotations

from minyi.disclosure import K
from minyi.domain import Model
from minyi.groups import reversals
from minyi.groups.comparing import comparisons
from minyi.groups.discoveries import FALSE_DISCOVERIES
from minyi.groups.findings import FacetTable, Finding, tables_and_findings
from minyi.groups.grouping import Asked, By, ask, gives_away
from minyi.groups.reversals import Reversal
from minyi.ports import Index
from minyi.query import Filters
from minyi.shares.adjusting import NOTHING_KNOWN, Adjuster
from minyi.shares.denominators import denominator


class Differences(Model):
    """Where the opinions on a policy really differ. A comparison, not a cause."""

    policy_id: str
    opinions: int | None
    """None where they, or those that the filters leave out, are of fewer than ten authors, and
    where they would give away groups that are hidden without the filters."""
    findings: tuple[Finding, ...]
    """Real differences; those first that concern the most opinions."""
    reversals: tuple[Reversal, ...]
    facets: tuple[FacetTable, ...]
    """Only facets with at least two groups."""
    same: dict[By, By]
    """Facets that tell the same groups apart as an earlier one, which is compared for both."""
    comparisons: int
    """How many were made; all are held to ``false_discoveries`` together."""
    false_discoveries: float = FALSE_DISCOVERIES
    """Share of the findings that may be accidents, on average."""
    fewest_authors: int = K
    """Groups of fewer are hidden, and others that would give them away."""


def differences(
    index: Index, policy_id: str, filters: Filters, adjuster: Adjuster = NOTHING_KNOWN
) -> Differences:
    """Compare the groups of a policy's opinions.

    Args:
        index: where the opinions are.
        policy_id: the policy.
        filters: which of its opinions.
        adjuster: what is known of the tagger's errors.

    Raises:
        IndexUnavailable: when the store cannot be reached.
        InvalidQuery: when the filters keep only opinions of doubtful stance.
    """
    of = denominator(filters)
    whole = Filters(policy_id=policy_id)
    wanted = filters.model_copy(update={"policy_id": policy_id})
    inside = ask(index, wanted)
    everything = None if wanted == whole else ask(index, whole)
    enough = _enough(inside, everything)
    compared, same = comparisons(inside, everything) if enough else ([], {})
    opinions = inside.total.counts.total if inside.total and enough else None
    known = NOTHING_KNOWN if of.uncorrected else adjuster
    level = (everything or inside).total  # anyone may ask for it: it gives no hidden group away
    tables, findings, made = tables_and_findings(
        policy_id, compared, known, of, level.counts if level else None
    )
    groups = {comparison.groups.by: comparison.groups for comparison in compared}
    turned = reversals.find(index, wanted, groups, part=everything is not None)
    return Differences(
        policy_id=policy_id,
        opinions=opinions,
        findings=tuple(_told_of(finding, turned) for finding in findings),
        reversals=tuple(turned),
        facets=tables,
        same=same,
        comparisons=made,
    )


def _told_of(finding: Finding, turned: list[Reversal]) -> Finding:
    """Return the finding with what turns it around."""
    key = finding.by, finding.value, finding.stance
    within = tuple(r.within for r in turned if (r.by, r.value, r.stance) == key)
    return finding.model_copy(update={"turned_within": within}) if within else finding


def _enough(inside: Asked, everything: Asked | None) -> bool:
    """Whether ten people spoke, and nobody or ten of those that the filters leave out, and the
    groups that all opinions hide stay hidden beside the part."""
    if inside.total is None or inside.total.authors < K:
        return False
    if everything is None or everything.total is None:
        return True
    left_out = everything.total.counts.total - inside.total.counts.total
    if left_out <= 0:
        return True
    if everything.total.authors - inside.total.authors < K:
        return False
    return not any(gives_away(by, inside, everything) for by in By)
