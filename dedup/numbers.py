"""The numbers and dates of a text, so that version 2 of a contract is never taken for version 1."""

from hashlib import blake2b

import polars as pl

from dedup.shingle import normalise

NUMBERS = 1
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
_ROMAN = r"x{1,3}|x{0,3}(?:v|iv|ix|vi{1,3}|i{2,3})"
_NUMBER = rf"(?:\B-)?\d+(?:[.,:/\-]\d+)*|[一二三四五六七八九十百千万萬亿億零〇]+|\b(?:{'|'.join(_IN_WORDS.split())}|{_ROMAN})\b"


def number_keys(texts: pl.Series, /) -> pl.Series:
    """A 64-bit key of each text's numbers, in their order, as Int64: equal if, and but for chance only if, every number is written alike.

    Digits as they stand (1,000 and 1.000 mean different things to different readers), number words and names of months in several
    languages, and Roman numerals but for a lone `I`. A word that is a number only at times counts too: the price is a duplicate kept,
    never a text hidden.
    """
    plain = normalise(pl.col("text")).str.replace_all("−", "-", literal=True)
    found = texts.to_frame("text").select(plain.str.extract_all(_NUMBER).list.join(" ")).to_series()
    keys = [int.from_bytes(blake2b(numbers.encode(), digest_size=8).digest(), "little", signed=True) for numbers in found]
    return pl.Series("number_key", keys, dtype=pl.Int64)
