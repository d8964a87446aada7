"""Who publishes the open data, from the settings and the installed model."""

from __future__ import annotations

from minyi.errors import InvalidArtifact
from minyi.open_data.release import Publisher, Score
from minyi.settings import Settings


def publisher(config: Settings) -> Publisher:
    """Return who publishes, and how good the installed model was found to be."""
    return Publisher(
        name=config.open.publisher,
        licence=config.open.licence,
        contact=config.open.contact,
        url=config.open.url,
        k=config.open.k,
        scores=_scores(config),
    )


def _scores(config: Settings) -> dict[str, tuple[Score, ...]]:
    """Return the model's scores on real rows by its id; none where no model is installed."""
    from models.artifact import load_manifest

    try:
        manifest = load_manifest(config.model)
    except InvalidArtifact:
        return {}
    found = manifest.scores.get("test", {})
    return {
        manifest.model_id: tuple(
            Score(name=name, value=score["model"], rows=score["rows"])
            for name, score in found.items()
            if name.startswith(("real rows:", "real rows, policies never trained on:"))
        )
    }
