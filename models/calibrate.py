"""Decide on the graph's outputs: ``python -m models.calibrate --artifact artifacts/tagger``.

Temperatures and thresholds come from validation rows only and are written into the manifest,
which gives the artifact its final id.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from models.artifact import Manifest, load_manifest, model_id
from models.data import Example, comments, gold, nlpcc, unrelated
from models.metrics import (
    calibration_error,
    cell_temperature,
    sigmoid,
    softmax,
    stance_temperature,
    thresholds,
)
from models.runtime import Floats, OnnxTagger


def outputs(tagger: OnnxTagger, rows: list[Example]) -> tuple[Floats, Floats]:
    """Return stance and evaluation logits of the rows."""
    return tagger.logits([(row.context, row.text) for row in rows])


def calibrate(folder: Path) -> Manifest:
    """Fit the decision on validation rows and save it in the manifest."""
    tagger = OnnxTagger(folder)
    judged = gold("val") + comments("val")
    rows = judged + nlpcc("val") + unrelated("val")
    stance, _ = outputs(tagger, rows)
    truth = np.array([row.stance for row in rows])
    temperature = stance_temperature(stance, truth)
    shares = softmax(stance, temperature)
    _, cells = outputs(tagger, judged)
    cell_truth = np.array([row.evaluation for row in judged])
    heat = cell_temperature(cells, cell_truth)
    manifest = load_manifest(folder)
    decision = manifest.decision.model_copy(
        update={
            "stance_temperature": round(temperature, 4),
            "evaluation_temperature": round(heat, 4),
            "thresholds": tuple(thresholds(sigmoid(cells, heat), cell_truth)),
        }
    )
    identity = model_id(manifest.files, decision)
    manifest = manifest.model_copy(update={"decision": decision, "model_id": identity})
    manifest.save(folder)
    error = calibration_error(shares.max(-1), shares.argmax(-1) == truth)
    print(f"{len(rows)} validation rows: stance temperature {temperature:.3f}, ECE {error:.3f}")
    print(f"{len(judged)} validation rows: evaluation temperature {heat:.3f}")
    print("thresholds", dict(zip(decision.cells, decision.thresholds, strict=True)))
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit temperatures and thresholds.")
    parser.add_argument("--artifact", type=Path, default=Path("artifacts/tagger"))
    print("model", calibrate(parser.parse_args().artifact).model_id)


if __name__ == "__main__":
    main()
