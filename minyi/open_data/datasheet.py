"""The datasheet and the methods note of a release, in Chinese with an English short form.

The datasheet answers the questions of Gebru et al. 2021, Datasheets for Datasets, Commun. ACM
64(12):86, as far as aggregates have an answer to them. The texts stand in Markdown beside this
file.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from minyi.open_data.release import Release, Table

CAVEAT_ZH = "自愿发言的人，不代表全体居民。"
CAVEAT = "These are people who chose to speak, not a sample of all residents."
UNNAMED = "未署名 (not named)"
NO_LICENCE = "未声明 (not stated: ask the publisher before any use)"


def datasheet(release: Release) -> str:
    """Return the datasheet as Markdown."""
    publisher = release.publisher
    return _text(
        "datasheet.md",
        release,
        publisher=_plain(publisher.name) or UNNAMED,
        contact=_plain(publisher.contact) or "–",
        licence=_plain(publisher.licence) or NO_LICENCE,
        months=" – ".join(release.months or ("–",)),
        until=str(release.until),
        policies=f"{len(release.tables[Table.POLICIES]):,}",
        opinions=f"{release.opinions:,}",
        revision=release.revision,
        models="、".join(f"`{model}`" for model in release.models) or "–",
        scores=_scores(release),
    )


def methods(release: Release) -> str:
    """Return the methods note as Markdown."""
    cells = [cell for cells in release.tables.values() for cell in cells]
    how = sorted({cell.adjusted.method for cell in cells if cell.adjusted})
    return _text("methods.md", release, how=f"Method: {'; '.join(how)}." if how else "")


def _text(name: str, release: Release, **values: str) -> str:
    text = Template(Path(__file__).with_name(name).read_text("utf-8"))
    known = {"caveat": CAVEAT, "caveat_zh": CAVEAT_ZH, "k": str(release.publisher.k)}
    return text.substitute(known, release=release.id, **values)


def _plain(text: str) -> str:
    """Return a setting as one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def _scores(release: Release) -> str:
    lines = []
    for model in release.models:
        found = release.publisher.scores.get(model)
        if not found:
            lines.append(f"- `{model}`：分数未知 (scores not known)")
            continue
        lines.append(f"- `{model}`，在没有用来训练的真实留言上 (on real comments held out):")
        lines += [f"  - {score.name}: {score.value:.2f}（{score.rows:,} 条）" for score in found]
    return "\n".join(lines) or "–"
