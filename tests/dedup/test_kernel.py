"""The machine code against the same thing in numpy and Polars, both against plain Python, and signatures against datasketch."""

import re
import subprocess
import sys
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import DedupSettings
from dedup.characters import characters, normalise
from dedup.minhash import SEED
from dedup.numbers import _IN_WORDS
from dedup.sketch import run_kernel, sketch, sketch_by_kernel, sketch_by_numpy

HOW = DedupSettings(bands=5, rows=5, shingle_words=3)
GOLDEN, BITS = 0x9E3779B97F4A7C15, (1 << 64) - 1
ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"])
_PIECES = """
Hợp đồng|ĐIỀU 4|năm mươi|合同于五月|結束。|สัญญา|๑๒|ｶﾞｲﾄﾞ|👩\u200d👩\u200d👧|❤️|1️⃣|naïve|ﬁle|ΣΑΣ|a_b|−5|3-5|5--3|1,000.5|x-1|IV|…|™
e\u0301|각|\u1100\u1161\u11a8| |\t|\u00a0|-|.|_|(|½|三五|三-5|5.二|don't|Ｆ４|ℌ|ſ|İ|q1 two|two-3|É|5.|-5|iv2
"""
MIXED = st.sampled_from(_PIECES.replace("\n", "|").split("|"))
TEXT = st.one_of(st.text(ASSIGNED, max_size=30), st.lists(MIXED, max_size=12).map("".join), st.lists(MIXED, max_size=12).map(" ".join))


def _mix(value: int) -> int:
    value = ((value ^ (value >> 33)) * 0xFF51AFD7ED558CCD) & BITS
    value = ((value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53) & BITS
    return value ^ (value >> 33)


def _hash(word: str) -> int:
    value = 0xCBF29CE484222325
    for character in word:
        value = ((value ^ ord(character)) * GOLDEN) & BITS
    return _mix(value)


@cache
def _kind(character: str) -> str:
    """By Python's own tables, but for the scripts, which it does not have."""
    category = unicodedata.category(character)
    if re.match(r"[一二三四五六七八九十百千万萬亿億零〇]", character):
        return "n"
    spaceless = pl.Series([character]).str.contains(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")[0]
    if spaceless:
        return "D" if category == "Nd" else "h"
    if category[0] == "S":
        return "s"
    if category[0] in "PZ" or category == "Cc":
        return " "
    return "d" if category == "Nd" else "w"


def _words(text: str) -> list[str]:
    words, current = [], ""
    for character in text:
        kind = _kind(character)
        if kind in "wd":
            current += character
            continue
        words += [current] if current else []
        words += [character] if kind != " " else []
        current = ""
    return words + ([current] if current else [])


def _run(text: str, at: int, kinds: str) -> int:
    """Where the run of characters of these kinds ends that begins there."""
    while at < len(text) and _kind(text[at]) in kinds:
        at += 1
    return at


def _number_at(text: str, at: int) -> str:
    """The number, numerals or word that begins there, or nothing."""
    kind = _kind(text[at])
    minus = text[at] == "-" and (at == 0 or _kind(text[at - 1]) in " s")
    end = _run(text, at + minus, "dD")
    if end > at + minus:
        while end + 1 < len(text) and text[end] in ".,:/-" and _kind(text[end + 1]) in "dD":
            end = _run(text, end + 1, "dD")
        return text[at:end]
    end = _run(text, at, kind) if kind in "nw" else at
    whole = kind == "n" or ((at == 0 or _kind(text[at - 1]) != "d") and (end == len(text) or _kind(text[end]) != "d"))
    roman = re.fullmatch(r"x{1,3}|x{0,3}(?:v|iv|ix|vi{1,3}|i{2,3})", text[at:end])
    return text[at:end] if whole and (kind == "n" or text[at:end] in _IN_WORDS.split() or roman) else ""


def _numbers(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        number = _number_at(text, at)
        found += [number] if number else []
        at = max(at + len(number), _run(text, at, "w") if not number else 0, at + 1 if not number else 0)
    return found


def _by_hand(text: str, size: int) -> tuple[int, list[int]]:
    normalised = pl.select(normalise(pl.lit(text))).item()
    words, numbers = [_hash(word) for word in _words(normalised)], 0
    for number in _numbers(normalised):
        numbers = (numbers * GOLDEN + _hash(number)) & BITS
    runs = set()
    for start in range(max(len(words) - size + 1, 1) if words else 0):
        value = 0
        for place in range(start, start + size):
            value = (value * GOLDEN + (words[place] if place < len(words) else 0)) & BITS
        runs.add(_mix(value))
    return _mix(numbers), sorted(runs)


@given(st.lists(TEXT, min_size=1, max_size=6))
@settings(deadline=None, max_examples=150)
def test_the_kernel_and_numpy_find_what_plain_python_finds_in_any_script(texts: list[str]) -> None:
    series = pl.Series("text", texts)
    by_kernel = sketch_by_kernel(series, HOW)
    assert by_kernel.equals(sketch_by_numpy(series, HOW))
    for text, number_key, shingles in zip(texts, by_kernel["number_key"], by_kernel["shingles"], strict=True):
        assert (number_key & BITS, shingles.to_list()) == _by_hand(text, HOW.shingle_words)


def test_every_character_that_unicode_has_is_read_alike_alone_and_between_letters() -> None:
    every = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cs", "Cn")]
    texts = pl.Series("text", [f"{character} a{character}b 1{character}2 Ĥ{character}" for character in every])
    how = DedupSettings(bands=1, rows=1, shingle_words=2)
    by_kernel = sketch_by_kernel(texts, how)
    normalised = texts.to_frame("text").select(normalise(pl.col("text"))).to_series()
    made = run_kernel(normalised, how, characters().normal, SEED)
    assert by_kernel["number_key"].to_list() == made.numbers.tolist()
    assert by_kernel["shingles"].explode(empty_as_null=False).to_list() == made.shingles.tolist()
    assert by_kernel["shingles"].list.len().to_list() == made.lengths.tolist()
    some = np.random.default_rng(5).choice(len(texts), 3_000, replace=False)
    assert by_kernel[some].equals(sketch_by_numpy(texts.gather(some), how))


@given(st.lists(TEXT, min_size=1, max_size=4), st.sampled_from([0, 1, 2**32 - 1]), st.booleans())
@settings(deadline=None, max_examples=40)
def test_seed_and_the_rule_about_numbers_reach_the_kernel(texts: list[str], seed: int, numbers_differ: bool) -> None:
    how, series = HOW.model_copy(update={"numbers_differ": numbers_differ}), pl.Series("text", texts)
    assert sketch_by_kernel(series, how, seed=seed).equals(sketch_by_numpy(series, how, seed=seed))


def test_bands_of_one_row_are_those_of_datasketchs_own_signature() -> None:
    datasketch: Any = pytest.importorskip("datasketch")
    how = DedupSettings(bands=16, rows=1, numbers_differ=False)
    text = pl.Series(["The tenant shall return all keys to the owner before the lease of the house ends."])
    (made,) = sketch_by_kernel(text, how).rows(named=True)
    theirs = datasketch.MinHash(num_perm=16, seed=1, scheme="affine32", hashfunc=lambda value: value & 0xFFFFFFFF)
    theirs.update_batch(made["shingles"])
    bands = []
    for place, value in enumerate(theirs.hashvalues.tolist()):
        mixed = (((place + 1) ^ value) * GOLDEN) & BITS
        bands.append(mixed ^ (mixed >> 29))
    assert [band & BITS for band in made["bands"]] == bands


def test_a_long_text_whose_hashes_are_many_is_sorted_as_a_short_one_is() -> None:
    text = " ".join(f"word{number % 9_000}" for number in range(30_000))
    assert sketch_by_kernel(pl.Series([text, "", text]), HOW).equals(sketch_by_numpy(pl.Series([text, "", text]), HOW))


def test_no_texts_have_no_sketches() -> None:
    assert sketch(pl.Series("text", [], dtype=pl.String), HOW).is_empty()
    assert sketch_by_kernel(pl.Series("text", [], dtype=pl.String), HOW).is_empty()


def test_without_numba_nothing_changes_but_the_time() -> None:
    script = """
import sys
sys.modules["numba"] = None
import polars as pl
from configs.settings import DedupSettings
from dedup import find_duplicates, sketch
from dedup.sketch import sketch
sys.modules["dedup.sketch"]._WORTH_THE_KERNEL = 0
texts = pl.Series(["Hợp đồng thuê nhà số 12", "the lease ends in May and the garden stays open"] * 2)
found = find_duplicates(pl.DataFrame({"id": range(4), "text": texts}))["duplicate_of"].to_list()
print(sketch(texts, DedupSettings()).hash_rows().to_list(), found)
"""
    told = [_run_python(script), _run_python(script.replace('sys.modules["numba"] = None', ""))]
    assert told[0] == told[1]
    assert "[None, None, 0, 1]" in told[0]


def _run_python(script: str) -> str:
    folder = Path(__file__).parents[2]
    return subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True).stdout
