"""The tagger against ``transformers.pipeline``, on the same pairs in one run.

    python -m benchmarks.bench_tagger [--pairs 512] [--threads 2]

The rival is what one would take off the shelf: a BERT-base (random weights, the speed is the same)
in a text-classification pipeline on the CPU, at batch 1 and at its best batch of several. The pairs
are those of the bundled stream. A second part replays a stream with the duplicates that forwarding
makes: as often as each post stands in the 2014 Two Sessions corpus (``MINYI_SHARED``).
Needs the train extra.
"""

from __future__ import annotations

import argparse
import os
import random
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from rich.console import Console
from rich.table import Table

from minyi.errors import SettingError
from minyi.linking import Linker
from minyi.policy import Policy
from models.artifact import SHIPPED
from models.inputs import policy_context
from models.rows.examples import corpus, policies
from models.rows.labels import stream
from models.runtime import OnnxTagger

Pair = tuple[Policy, str]
BATCHES = (8, 16, 32)
REPEATS = 3


def bundled(count: int) -> list[Pair]:
    """Return distinct pairs of the bundled stream."""
    by_context = {policy_context(policy): policy for policy in policies().values()}
    rows = {(row.context, row.text) for row in stream()}
    found = [(by_context[context], text) for context, text in sorted(rows)]
    random.Random(1).shuffle(found)
    return found[:count]


def forwarded(count: int) -> list[Pair]:
    """Return pairs as they come in a stretch of the Two Sessions posts, duplicates and all."""
    texts = [row["text"] for row in corpus("weibo_2014_two_sessions")]
    linker = Linker(list(policies().values()))
    links = linker.link_many([(None, text) for text in texts])
    found = [
        (policies()[link.policy_id], text)
        for text, linked in zip(texts, links, strict=True)
        for link in linked
    ]
    return found[:count]


def rate(work: Callable[[], object], count: int, repeats: int = REPEATS) -> float:
    """Return pairs a second, the best of several runs."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return count / best


def rival(threads: int) -> Callable[[Sequence[Pair], int], object]:
    """Return a pipeline of the usual shape as a function of pairs and batch size."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    import torch

    # Untyped, and not there without the train extra.
    transformers: Any = import_module("transformers")
    torch.set_num_threads(threads)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(SHIPPED / "tokenizer.json"),
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=512,
    )
    config = transformers.BertConfig(vocab_size=len(tokenizer))  # BERT-base in all else
    model = transformers.BertForSequenceClassification(config)
    model.eval()
    classify = transformers.pipeline(
        "text-classification", model=model, tokenizer=tokenizer, device="cpu"
    )

    def run(pairs: Sequence[Pair], batch: int) -> object:
        inputs = [{"text": policy_context(p), "text_pair": text} for p, text in pairs]
        return classify(inputs, batch_size=batch, truncation=True, max_length=256)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the tagger against a pipeline.")
    parser.add_argument("--pairs", type=int, default=512)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    pairs = bundled(arguments.pairs)
    few = pairs[: max(32, len(pairs) // 8)]
    classify = rival(arguments.threads)
    classify(few[:8], 8)
    alone = rate(lambda: classify(few, 1), len(few), 2)
    rates = {b: rate(partial(classify, few, b), len(few), 2) for b in BATCHES}
    size, best = max(rates.items(), key=lambda item: item[1])
    tagger = OnnxTagger(SHIPPED, threads=arguments.threads, cached=0)
    tagger.tag(pairs[:64])
    own = rate(lambda: tagger.tag(pairs), len(pairs))
    one = rate(lambda: [tagger.tag([pair]) for pair in few], len(few))
    table = Table("what", "pairs/s", "ratio", title=f"{len(pairs)} pairs of the bundled stream")
    table.add_row("pipeline, batch 1", f"{alone:.1f}", "1")
    table.add_row(f"pipeline, batch {size} (its best)", f"{best:.1f}", f"{best / alone:.1f}")
    table.add_row("tagger, one pair a call", f"{one:.1f}", f"{one / alone:.1f} x batch 1")
    table.add_row(
        "tagger", f"{own:.1f}", f"{own / alone:.1f} x batch 1, {own / best:.1f} x its best"
    )
    try:
        again = forwarded(4 * arguments.pairs)
    except SettingError as error:
        Console(stderr=True).print(f"no stream with duplicates: {error}", style="yellow")
    else:
        remembering = OnnxTagger(SHIPPED, threads=arguments.threads)
        distinct = list(dict.fromkeys(again))
        fast = rate(lambda: remembering.tag(again), len(again), 1)
        slow = rate(lambda: tagger.tag(distinct), len(distinct), 1)
        table.add_row(
            f"tagger, {len(again)} posts, {len(distinct)} of them distinct",
            f"{fast:.1f}",
            f"{fast / slow:.1f} x its rate on the distinct ones",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
