"""The numbers and dates of a text, so that version 2 of a contract is never taken for version 1."""

import re
from functools import cache
from itertools import product

import numpy as np
import polars as pl

from dedup.characters import normalise, spell
from dedup.hashing import chain, hash_word

NUMBERS = 2
"""Raised whenever the key of a text changes."""

_IN_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion dozen half quarter
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec
monday tuesday wednesday thursday friday saturday sunday
không một hai ba bốn tư năm lăm sáu bảy tám chín mười mươi trăm nghìn ngàn triệu tỷ tỉ giêng chạp rưỡi
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
januar februar märz juni juli oktober dezember
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
"""
_ROMAN = {"x", "xx", "xxx"} | {
    tens + ones for tens, ones in product(("", "x", "xx", "xxx"), ("ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"))
}
_NUMBER = re.compile(r"(?P<number>(?:(?<![wdDhn])-)?[dD]+(?:[.,:/\-][dD]+)*|n+)|(?P<word>(?<![wd])w+(?![wd]))")


def number_keys(texts: pl.Series, /) -> pl.Series:
    """A 64-bit key of each text's numbers, in their order, as Int64: equal if, and but for chance only if, every number is written alike.

    Digits as they stand (1,000 and 1.000 mean different things to different readers), number words and names of months in several
    languages, and Roman numerals but for a lone `I`. A word that is a number only at times counts too: the price is a duplicate kept,
    never a text hidden.
    """
    plain = texts.to_frame("text").select(normalise(pl.col("text"))).to_series()
    keys = np.array([_number_key(text) for text in plain], dtype=np.uint64)
    return pl.Series("number_key", keys.view(np.int64))


@cache
def number_words() -> frozenset[str]:
    """All words that are numbers."""
    return frozenset({*_IN_WORDS.split(), *_ROMAN})


def _number_key(normalised: str) -> int:
    found, known = [], number_words()
    for match in _NUMBER.finditer(spell(normalised)):
        said = normalised[match.start() : match.end()]
        if match["number"] or said in known:
            found.append(hash_word(said))
    return chain(found)
