"""Successive versions of real documents as near-duplicates whose lineage is known: sections of the OWASP cheat sheets over the years."""

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from benchmarks.chunks import DATA
from benchmarks.duplicates_truth import true_pairs, words_as_normalised
from configs.settings import DedupSettings
from dedup.find import find_near_duplicates

_HEADING = re.compile(r"^(#{1,3} .+)$", re.MULTILINE)
_LEAST_WORDS = 40
_BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Pairs of versions of a section in a bin of Jaccard similarity, and the pairs found in it that are of one section."""

    lowest: float
    highest: float
    versions: int
    found: int
    recall: float
    """Of successive versions. Below the threshold none is found, by definition."""
    precision: float | None
    """Of found pairs, of any versions: the rest are sections that say nearly the same under different headings or in different files."""


def measure_lineage(folder: Path = DATA, /) -> list[Lineage]:
    """By bins of the similarity of the versions; the last one ends below 1, where nothing but layout changed."""
    sections = _sections(folder / "evolving_owasp")
    how = DedupSettings(numbers_differ=False)
    found = find_near_duplicates(sections, how).select("a", "b", "jaccard")
    same = pl.struct("file", "heading")
    of = sections.select("id", section=same)
    named = found.join(of, left_on="a", right_on="id").join(of, left_on="b", right_on="id", suffix="_b")
    every = true_pairs(words_as_normalised(sections["text"].to_list()), _BINS[0]).select(a="b", b="a", jaccard="jaccard")
    successive = every.join(_successive(sections), on=["a", "b"], how="semi")
    bins = []
    for lowest, highest in pairwise(_BINS):
        inside = pl.col("jaccard").is_between(lowest, highest, closed="left")
        versions, pairs = successive.filter(inside), named.filter(inside)
        both = versions.join(found, on=["a", "b"], how="semi").height
        right = pairs.filter(pl.col("section") == pl.col("section_b")).height
        precision = round(right / pairs.height, 4) if pairs.height else None
        bins.append(Lineage(lowest, highest, versions.height, pairs.height, round(both / max(versions.height, 1), 4), precision))
    return bins


def _sections(folder: Path) -> pl.DataFrame:
    """Every distinct text that a section ever had: id, file, heading, the number of the snapshot in which it came, and text."""
    texts = {}
    for line in (folder / "blobs.jsonl").read_text(encoding="utf-8").strip().split("\n"):
        blob = json.loads(line)
        texts[blob["sha"]] = blob["text"]
    seen: dict[tuple[str, str, str], int] = {}
    for number, line in enumerate((folder / "manifest.jsonl").read_text(encoding="utf-8").strip().split("\n")):
        for file, sha in json.loads(line)["files"].items():
            parts = _HEADING.split(texts.get(sha, ""))
            for heading, body in zip(parts[1::2], parts[2::2], strict=True):
                if len(body.split()) >= _LEAST_WORDS:
                    seen.setdefault((file, heading, body), number)
    rows = [(place, file, heading, number, body) for place, ((file, heading, body), number) in enumerate(seen.items())]
    return pl.DataFrame(rows, ["id", "file", "heading", "snapshot", "text"], orient="row")


def _successive(sections: pl.DataFrame) -> pl.DataFrame:
    """Pairs (a, b) of ids: a text of a section and the next that it had."""
    ordered = sections.sort("file", "heading", "snapshot", "id").with_columns(pl.col("id").shift(-1).over("file", "heading").alias("next"))
    return ordered.drop_nulls("next").select(pl.min_horizontal("id", "next").alias("a"), pl.max_horizontal("id", "next").alias("b"))
