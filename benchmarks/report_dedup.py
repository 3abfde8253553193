"""A measurement of the search for duplicates that was kept, as the tables of docs/duplicates.md."""

import json
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import machine_in_words
from scripts.docs_markdown import table

_KEPT = Path(__file__).with_name("measured_dedup.json")
_GOALS = {
    "speedup_datasketch": "25",
    "speedup_datasketch_xxh32": "",
    "speedup_rensa": "6",
    "speedup_rensa_flags": "",
    "speedup_gaoya": "5",
    "kernel_vs_rensa": "1",
    "recall_min": "0.995",
    "recall_min_070_075": "0.98",
    "recall_other_tokenizer_min": "",
    "batch_ratio": "at most 6",
    "delete_ratio": "at most 3",
}
_SAID = {
    "speedup_datasketch": "text to clusters: CPU-seconds of datasketch, `MinHash.bulk` and `MinHashLSH`, over ours",
    "speedup_datasketch_xxh32": "the same with xxh32, of another package, instead of its own sha1",
    "speedup_rensa": "of rensa, `from_token_sets` and `query_all`",
    "speedup_rensa_flags": "of rensa where it says only which chunks have a match, and not with which",
    "speedup_gaoya": "of gaoya, `par_bulk_insert_docs` and `par_bulk_query`",
    "kernel_vs_rensa": "signatures of 128 from the same ready hashes: of rensa's batch interface",
    "recall_min": "share of the true pairs that is found, the least of 8 seeds",
    "recall_min_070_075": "of those between 0.70 and 0.75",
    "recall_other_tokenizer_min": "of the pairs that are true by another tokeniser's words",
    "batch_ratio": "CPU-seconds of a batch of 1,000 in the large index over the small",
    "delete_ratio": "of the deletion of 100 documents",
}


def kept_figures(path: Path = _KEPT, /) -> str:
    """Every figure beside its goal, the seconds behind the ratios, and what it was measured with."""
    figures = _read(path)
    rows = [
        (said, f"**{figures[name]:,}**" if figures[name] is not None else "not installed", _GOALS[name]) for name, said in _SAID.items()
    ]
    seconds = [(name, f"{median(of):.3f}", f"{min(of):.3f} to {max(of):.3f}") for name, of in figures["seconds"].items()]
    parts = (
        f"{figures['chunks']:,} chunks of 100 to 300 words, {figures['true_pairs']:,} true pairs.",
        table(("figure", "measured", "goal"), rows),
        table(("CPU-seconds", "median", "range"), seconds),
        "Versions: " + ", ".join(f"{name} {version}" for name, version in figures["versions"].items()) + ".",
        machine_in_words(figures["machine"]),
    )
    return "\n\n".join(parts)


def kept_index(path: Path = _KEPT, /) -> str:
    """What a large index costs."""
    index = _read(path)["index"]
    rows = [
        (
            f"batch of 1,000 into {index['small']:,}, into {index['large']:,}",
            f"{index['batch_small']:.3f}, {index['batch_large']:.3f} CPU-s",
        ),
        ("deletion of 100 documents there", f"{index['delete_small']:.3f}, {index['delete_large']:.3f} CPU-s"),
        (
            f"{index['total']:,} chunks in batches, from nothing",
            f"{index['build_cpu_seconds']:,.0f} CPU-s, {index['build_seconds']:,.0f} s",
        ),
        ("most memory of the process", f"{index['peak_mb']:,.0f} MB"),
        ("file", f"{index['bytes_per_chunk']:,.0f} bytes a chunk"),
        ("verified pairs", f"{index['edges']:,}"),
    ]
    return table(("index", ""), rows)


def kept_recall(path: Path = _KEPT, /) -> str:
    """Recall by similarity."""
    rows = [
        (f"{each['lowest']:.2f} to {each['highest']:.2f}", f"{each['pairs']:,}", f"{each['recall']:.4f}")
        for each in _read(path)["recall_by_bin"]
    ]
    return table(("Jaccard", "true pairs", "found, least of 8 seeds"), rows)


def kept_crowds(path: Path = _KEPT, /) -> str:
    """Crowded bands."""
    rows = [
        (f"{each['chunks']:,}", f"{each['cpu_seconds']:.2f}", f"{each['found']:,} of {each['planted']:,}") for each in _read(path)["crowds"]
    ]
    return table(("texts in one band", "CPU-seconds", "planted pairs found"), rows)


def kept_letters(path: Path = _KEPT, /) -> str:
    """Letters that are all near to each other."""
    rows = [
        (
            f"{each['letters']:,}",
            f"{each['build']:.2f}",
            f"{each['decide']:.2f}",
            f"{each['delete']:.2f}",
            f"{each['kept']:,}",
            f"{each['stored_pairs']:,}",
            f"{each['file_mb']:,.1f} MB",
            f"{each['peak_mb']:,} MB",
        )
        for each in _read(path)["letters"]
    ]
    columns = ("near letters", "CPU-s to compare", "to decide all", "to delete 100 and decide", "kept", "pairs stored", "file", "memory")
    return table(columns, rows)


def kept_lineage(path: Path = _KEPT, /) -> str:
    """Successive versions of real documents."""
    rows = [
        (
            f"{each['lowest']:.1f} to {each['highest']:.1f}",
            f"{each['versions']:,}",
            f"{each['recall']:.3f}",
            f"{each['found']:,}",
            "" if each["precision"] is None else f"{each['precision']:.3f}",
        )
        for each in _read(path)["lineage"]
    ]
    return table(("Jaccard", "successive versions", "found", "pairs found, of any versions", "of one section"), rows)


def _read(path: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures
