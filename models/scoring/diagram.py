"""A reliability diagram as SVG: how often the tagger is right where it says how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from models.scoring.metrics import Bin

SIDE, GAP = 240, 56
"""Pixels of one panel and around it."""


def write_diagram(path: Path, panels: Mapping[str, Sequence[Bin]]) -> None:
    """Write one panel a name: confidence across, share right upwards, the diagonal is perfect."""
    width, height = GAP + len(panels) * (SIDE + GAP), SIDE + 2 * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, (name, bins) in enumerate(panels.items()):
        parts += _panel(GAP + number * (SIDE + GAP), name, bins)
    path.write_text("\n".join([*parts, "</svg>", ""]), "utf-8")


def _panel(left: int, name: str, bins: Sequence[Bin]) -> list[str]:
    bottom, right = GAP + SIDE, left + SIDE
    rows = sum(one.rows for one in bins)
    parts = [
        f'<text x="{left}" y="{GAP - 12}">{escape(name)} ({rows:,} rows)</text>',
        f'<rect x="{left}" y="{GAP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{GAP}" stroke="#bbb" '
        'stroke-dasharray="4"/>',
        f'<text x="{left + SIDE / 2}" y="{bottom + 34}" text-anchor="middle">confidence</text>',
        f'<text x="{left - 34}" y="{GAP + SIDE / 2}" text-anchor="middle" '
        f'transform="rotate(-90 {left - 34} {GAP + SIDE / 2})">share right</text>',
    ]
    for share in (0, 0.5, 1):
        x, y = left + share * SIDE, bottom - share * SIDE
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{share:g}</text>')
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{share:g}</text>')
    for one in bins:
        x, y = left + one.confidence * SIDE, bottom - one.right * SIDE
        radius = 3 + 12 * (one.rows / rows) ** 0.5
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#2563eb" fill-opacity="0.6">'
            f"<title>{one.rows} rows: said {one.confidence:.2f}, was {one.right:.2f}</title>"
            "</circle>"
        )
    return parts
