"""The tagger at work: ONNX Runtime on the CPU, without torch.

A pair's result never depends on what stands beside it: a pair is padded to a length that its own
tokens decide, int8 activations are scaled token by token, and every sum over tokens is taken row
by row. So replaying a stream in other batches gives the same bits.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from minyi.domain import Tagging
from minyi.errors import InvalidArtifact
from minyi.policy import Policy
from models.artifact import GRAPH, load_manifest
from models.deciding import Floats, decide
from models.evidence import Clause, shown, weights
from models.inputs import CELLS, STANCES, Encoded, InputEncoder, policy_context, policy_names
from models.wide import FILE as WIDE
from models.wide import WideTable

LENGTHS = (16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 384, 512)
"""Padded lengths in tokens."""
BATCH_TOKENS = 2048
"""Tokens in one run of the graph: what it works on stays in the caches, and more are slower."""
SLICE = 2048
"""Inputs that are tokenised at a time."""
CACHED = 20_000
EMBED_LENGTH = 128


def longest(places: int) -> int:
    """Return the longest padded length for which so many places have embeddings."""
    return max(length for length in LENGTHS if length <= places)


class OnnxTagger:
    """Tags pairs and embeds texts: the ports ``Tagger`` and ``Encoder``. Thread-safe.

    Args:
        folder: the artifact.
        threads: parts of a batch that are worked on side by side; None: one a processor. A part
            has one thread: those of ONNX Runtime would turn in circles while they wait for each
            other, and take the processor from Kafka and Elasticsearch.
        cached: results to keep for texts that come again.

    Raises:
        InvalidArtifact: when the artifact is missing, incomplete or damaged.
    """

    def __init__(self, folder: Path, threads: int | None = None, cached: int = CACHED) -> None:
        self.manifest = load_manifest(folder)
        self._decision = self.manifest.decision
        self._inputs = InputEncoder(folder, self._decision.max_length, self._decision.emoji)
        self._singles = InputEncoder(folder, EMBED_LENGTH)
        self._wide = WideTable.load(folder) if WIDE in self.manifest.files else None
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(
                folder / GRAPH,
                options,
                providers=["CPUExecutionProvider"],
                # The fused kernel is the slower one: an eighth of the whole time.
                disabled_optimizers=["SkipLayerNormFusion"],
            )
        except Exception as error:  # ONNX Runtime's own errors share no public base class
            raise InvalidArtifact(f"{folder / GRAPH} cannot be loaded: {error}") from error
        self._pool = ThreadPoolExecutor(threads or _processors(), "tagger")
        self._cached = cached
        self._cache: OrderedDict[bytes, Tagging] = OrderedDict()
        self._hits = self._misses = 0
        self._lock = Lock()

    @property
    def model_id(self) -> str:
        return self.manifest.model_id

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        """Tag each pair of a policy and a comment's text. Equal pairs are computed once, and
        again only after many others have passed."""
        keys = [_key(policy, text) for policy, text in pairs]
        found: dict[bytes, Tagging] = {}
        missing: dict[bytes, tuple[Policy, str]] = {}
        with self._lock:
            for key, pair in zip(keys, pairs, strict=True):
                tagging = self._cache.get(key)
                if tagging is None:
                    missing[key] = pair
                else:
                    self._cache.move_to_end(key)
                    found[key] = tagging
            self._misses += len(missing)
            self._hits += len(pairs) - len(missing)
        wanted = list(missing.items())
        for start in range(0, len(wanted), SLICE):
            part = wanted[start : start + SLICE]
            taggings = self._tag([pair for _, pair in part])
            found.update(zip((key for key, _ in part), taggings, strict=True))
        with self._lock:
            for key in missing:
                self._cache[key] = found[key]
            while len(self._cache) > self._cached:
                self._cache.popitem(last=False)
        return [found[key] for key in keys]

    def cache_counts(self) -> tuple[int, int]:
        """Return how many pairs were known already, twins in one call among them, and how many
        were computed."""
        with self._lock:
            return self._hits, self._misses

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return one unit vector a text, shape (len(texts), width); a text is read up to 128
        tokens."""
        unique = list(dict.fromkeys(texts))
        row = {text: index for index, text in enumerate(unique)}
        width = self._session.get_outputs()[-1].shape[-1]
        vectors = np.zeros((len(unique), width), np.float32)
        for start in range(0, len(unique), SLICE):
            encoded = [self._singles.single(text) for text in unique[start : start + SLICE]]
            for rows, (found,) in self._run(encoded, ("vector",)):
                vectors[[start + index for index in rows]] = found
        return vectors[[row[text] for text in texts]]

    def logits(self, pairs: Sequence[tuple[str, str, tuple[str, ...]]]) -> tuple[Floats, Floats]:
        """Return the logits of (context, text, names) that are decided on: stance (n, 3),
        evaluation (n, 12)."""
        deep, wide = self.deep_logits(pairs), self._weighed([pair[:2] for pair in pairs])
        return deep[0] + wide[0], deep[1] + wide[1]

    def wide_logits(self, pairs: Sequence[tuple[str, str]]) -> tuple[Floats, Floats]:
        """Return the wide half's logits of (context, text), zeros where there is none."""
        found = np.zeros((len(pairs), len(STANCES) + len(CELLS)), np.float32)
        if self._wide is not None:
            for row, (context, text) in enumerate(pairs):
                found[row] = self._wide.logits(context, text)
        return found[:, : len(STANCES)], found[:, len(STANCES) :]

    def wide_knows(self, contexts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which of the contexts the wide half knows, (len(contexts),)."""
        wide = self._wide
        return np.array([wide is not None and wide.knows(context) for context in contexts], bool)

    def _weighed(self, pairs: Sequence[tuple[str, str]]) -> tuple[Floats, Floats]:
        """Return what the wide half adds to the network's logits of (context, text)."""
        stance, evaluation = self.wide_logits(pairs)
        decision = self._decision
        unknown, known = decision.stance_wide, decision.stance_wide_known
        knows = self.wide_knows([context for context, _ in pairs])[:, None]
        weights = np.where(knows, unknown if known is None else known, unknown)
        return (
            weights.astype(np.float32) * stance,
            np.float32(decision.evaluation_wide) * evaluation,
        )

    def deep_logits(
        self, pairs: Sequence[tuple[str, str, tuple[str, ...]]]
    ) -> tuple[Floats, Floats]:
        """Return the network's logits of (context, text, names)."""
        stance = np.zeros((len(pairs), len(STANCES)), np.float32)
        evaluation = np.zeros((len(pairs), len(CELLS)), np.float32)
        encoded = [self._inputs.pair(*pair) for pair in pairs]
        for rows, (one, two) in self._run(encoded, ("stance", "evaluation")):
            stance[rows], evaluation[rows] = one, two
        return stance, evaluation

    def clause_weights(
        self, pairs: Sequence[tuple[str, str, tuple[str, ...]]]
    ) -> list[dict[Clause, float]]:
        """Return how much each clause of (context, text, names) shows the stance."""
        encoded = [self._inputs.pair(*pair) for pair in pairs]
        found: dict[int, dict[Clause, float]] = {}
        for rows, (evidence,) in self._run(encoded, ("evidence",)):
            for row, tokens in zip(rows, evidence, strict=True):
                found[row] = weights(tokens, pairs[row][1], encoded[row])
        return [found[row] for row in range(len(pairs))]

    def _tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        encoded = [
            self._inputs.pair(policy_context(policy), text, policy_names(policy))
            for policy, text in pairs
        ]
        wide = self._weighed([(policy_context(policy), text) for policy, text in pairs])
        taggings: dict[int, Tagging] = {}
        for rows, outputs in self._run(encoded, ("stance", "evaluation", "evidence")):
            for index, stance, evaluation, evidence in zip(rows, *outputs, strict=True):
                policy, text = pairs[index]
                taggings[index] = decide(
                    self._decision,
                    stance + wide[0][index],
                    evaluation + wide[1][index],
                    partial(self._clause, policy, text, encoded[index], evidence),
                )
        return [taggings[index] for index in range(len(pairs))]

    def _clause(
        self, policy: Policy, text: str, encoded: Encoded, evidence: Floats
    ) -> Clause | None:
        """Return the clause of a text that shows a stance toward a policy."""
        weighed = weights(evidence, text, encoded)
        return shown(weighed, text, policy_names(policy), self._decision.evidence_named)

    def _run(
        self, encoded: Sequence[Encoded], outputs: tuple[str, ...]
    ) -> Iterator[tuple[list[int], list[Floats]]]:
        """Yield row numbers with what the graph says of them, batch by batch."""
        groups: dict[int, list[int]] = {}
        for index, item in enumerate(encoded):
            length = next(length for length in LENGTHS if length >= len(item.ids))
            groups.setdefault(length, []).append(index)
        parts: list[tuple[int, list[int]]] = []
        for length, rows in groups.items():
            size = max(1, BATCH_TOKENS // length)
            parts += [(length, rows[at : at + size]) for at in range(0, len(rows), size)]
        parts.sort(key=lambda part: -part[0] * len(part[1]))  # the longest first, so none is last

        def run(part: tuple[int, list[int]]) -> tuple[list[int], list[Floats]]:
            length, rows = part
            feed = _feed([encoded[index] for index in rows], length, self._inputs.pad)
            return rows, self._session.run(outputs, feed)

        yield from map(run, parts) if len(parts) == 1 else self._pool.map(run, parts)


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _key(policy: Policy, text: str) -> bytes:
    """Return what a result is kept under: a hash, since texts may be long."""
    read = (policy_context(policy), *policy_names(policy), text)
    return hashlib.blake2b("\x1f".join(read).encode(), digest_size=16).digest()


def _feed(batch: Sequence[Encoded], length: int, pad: int) -> dict[str, npt.NDArray[np.int64]]:
    ids = np.full((len(batch), length), pad, np.int64)
    mask = np.zeros((len(batch), length), np.int64)
    segments = np.zeros((len(batch), length), np.int64)
    for row, item in enumerate(batch):
        count = len(item.ids)
        ids[row, :count] = item.ids
        mask[row, :count] = 1
        if item.start:
            segments[row, item.start : count] = 1
    return {"ids": ids, "mask": mask, "segments": segments}
