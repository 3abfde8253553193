"""Which pairs of chunks are true, found without anything of ragkeep's search: every pair, by the shingles themselves and not by hashes."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_matrix, triu

from configs.settings import DedupSettings
from dedup.characters import normalise
from dedup.match import match
from dedup.shingle import split_words
from dedup.sketch import sketch

_OTHER_WORD = re.compile(r"\w+")
_SIZE, _THRESHOLD = 5, 0.7
_BINS = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Recall:
    """Of the true pairs in a bin of Jaccard similarity, the share that was found, for the seed that found fewest."""

    lowest: float
    highest: float
    pairs: int
    recall: float


def true_pairs(words: list[list[str]], threshold: float = _THRESHOLD, /) -> pl.DataFrame:
    """Every pair (a, b, jaccard) of word lists, b < a, whose sets of runs of five words reach the threshold."""
    rows, shingles = _number_shingles(words)
    table = csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, shingles)), shape=(len(words), int(shingles.max()) + 1))
    table.sum_duplicates()
    table.data[:] = 1
    sizes = np.diff(table.indptr)
    common = triu(table @ table.T, k=1).tocoo()
    jaccard = common.data / (sizes[common.row] + sizes[common.col] - common.data)
    pairs = pl.DataFrame({"a": common.col.astype(np.int64), "b": common.row.astype(np.int64), "jaccard": jaccard})
    return pairs.filter(pl.col("jaccard") >= threshold).sort("a", "b")


def words_as_normalised(texts: list[str], /) -> list[list[str]]:
    """The words that ragkeep means to compare."""
    return [split_words(text) for text in pl.DataFrame({"text": texts}).select(normalise(pl.col("text"))).to_series()]


def words_of_another(texts: list[str], /) -> list[list[str]]:
    """The words by another tokeniser: Python's own idea of them."""
    return [_OTHER_WORD.findall(text.lower()) for text in texts]


def measure_recall(texts: list[str], truth: pl.DataFrame, seeds: int, /) -> tuple[list[float], list[Recall]]:
    """For each seed of the permutations the share of the true pairs that is found, and by bins. What is found is true by construction."""
    how, found = DedupSettings(numbers_differ=False), []
    for seed in range(1, seeds + 1):
        members = sketch(pl.Series("text", texts), how, seed=seed).with_columns(pl.int_range(pl.len()).alias("member"))
        pairs = match(members, how.threshold)
        found.append(truth.join(pairs.select("a", "b"), on=["a", "b"], how="semi"))
    bins = []
    for lowest, highest in zip(_BINS, (*_BINS[1:], 1.01), strict=True):
        inside = pl.col("jaccard").is_between(lowest, highest, closed="left")
        pairs_of_bin = truth.filter(inside).height
        if pairs_of_bin:
            bins.append(
                Recall(lowest, min(highest, 1.0), pairs_of_bin, round(min(each.filter(inside).height for each in found) / pairs_of_bin, 5))
            )
    return [round(each.height / truth.height, 5) for each in found], bins


def _number_shingles(words: list[list[str]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For every run of five words the text that has it, and a number that no other run has."""
    lengths = np.array([len(each) for each in words], dtype=np.int64)
    codes = pl.Series([word for each in words for word in each]).rank("dense").to_numpy().astype(np.int64)
    rows = np.repeat(np.arange(len(words)), lengths)
    ends = np.cumsum(lengths)
    starts = np.flatnonzero(np.arange(len(codes)) + _SIZE <= ends[rows])
    runs = pl.DataFrame({f"w{offset}": codes[starts + offset] for offset in range(_SIZE)})
    numbers = runs.select(pl.struct(pl.all()).rank("dense")).to_series().to_numpy().astype(np.int64)
    return rows[starts], numbers
