"""What every character is to the comparison of texts: part of a word, a word or a gap between words; a digit; and what it becomes.

The answer is that of `normalise` and of the patterns below, asked once a process for every character that has one, and held as a table
that a kernel can read. So the kernel knows no Unicode of its own, and cannot differ from the patterns.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that are written without spaces: each character is a word."""
NUMERALS = "一二三四五六七八九十百千万萬亿億零〇"

CODE, GAP, ALONE, DIGIT, NUMERAL, JOINED, CONTEXT = 0x1FFFFF, 1 << 21, 1 << 22, 1 << 23, 1 << 24, 1 << 25, 1 << 26
"""Of an entry: the mask of the character that it becomes, then flags. JOINED: of a script or a word, so that a dash after it is no minus.
CONTEXT: what it becomes depends on its neighbours, or is not one character."""

_KNOWN = 0x40000
"""Beyond are no gaps, symbols or digits: tags and selectors, which `normalise` takes out, and private use."""
_JAMO_VOWELS = range(0x1160, 0x1200)

Entries = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Characters:
    """An entry for each of the first 0x40000 characters, and one for all beyond."""

    raw: Entries
    """For a text as it came."""
    normal: Entries
    """For a text that is normalised: every character stays what it is, and none depends on others."""


def normalise(text: pl.Expr, /) -> pl.Expr:
    """Compatibility forms joined, lower case; characters that are not seen and choices between glyphs gone; every minus a dash."""
    plain = text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[\p{Cf}\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}]+", "")
    return plain.str.replace_all("−", "-", literal=True)


def spell(normalised: str, /) -> str:
    """A letter for the kind of each character: `w`ord, `d`igit, `D`igit that is a word, `h` of a spaceless script, `n`umeral, `s`ymbol.

    A gap is what it is, so that patterns see the marks that stand within numbers.
    """
    return normalised.translate(_KINDS)


class _Kinds(dict[int, str]):
    """Filled as characters are met."""

    def __missing__(self, code: int) -> str:
        entry = int(characters().normal[code]) if code < _KNOWN else JOINED
        kinds = ((GAP, chr(code)), (NUMERAL, "n"), (ALONE | DIGIT, "D"), (ALONE | JOINED, "h"), (ALONE, "s"), (DIGIT, "d"))
        self[code] = next((kind for flags, kind in kinds if entry & flags == flags), "w")
        return self[code]


_KINDS = _Kinds()


@cache
def characters() -> Characters:
    """The table, made in a tenth of a second."""
    codes = np.arange(_KNOWN, dtype=np.uint32)
    every = pl.DataFrame({"code": codes[(codes < 0xD800) | (codes > 0xDFFF)]})
    text = pl.Series("text", list(every["code"].to_numpy().tobytes().decode("utf-32-le")))
    every = every.with_columns(text).with_columns(
        alone=pl.col("text").str.contains(rf"[\p{{S}}{SPACELESS}]"),
        gap=pl.col("text").str.contains(r"[\p{P}\p{Z}\p{Cc}]"),
        joined=pl.col("text").str.contains(rf"[^\p{{P}}\p{{S}}\p{{Z}}\p{{Cc}}]|[{SPACELESS}]"),
        digit=pl.col("text").str.contains(r"\d"),
        numeral=pl.col("text").str.contains(f"[{NUMERALS}]"),
    )
    flags = (GAP, ALONE, DIGIT, NUMERAL, JOINED)
    columns = (pl.col("gap") & ~pl.col("alone"), pl.col("alone"), pl.col("digit"), pl.col("numeral"), pl.col("joined"))
    flagged = every.select(pl.sum_horizontal(*(column.cast(pl.UInt32) * flag for column, flag in zip(columns, flags, strict=True))))
    normal = np.append(codes, np.uint32(JOINED))
    normal[every["code"].to_numpy()] |= flagged.to_series().to_numpy().astype(np.uint32)
    return Characters(raw=_raw(every.select("code", "text"), normal), normal=normal)


def _raw(every: pl.DataFrame, normal: Entries) -> Entries:
    """What each character alone becomes, with that one's flags, if it is one character and depends on no other."""
    becomes = every.select(
        "code",
        normalised=normalise(pl.col("text")),
        tail=pl.col("text").str.normalize("NFD").str.slice(1),
        # Or a capital sigma, which ends a word as another small letter than it begins one.
        mark=pl.col("text").str.contains(r"\p{M}") | (pl.col("text").str.normalize("NFKC") == "Σ"),
    )
    tails = {ord(each) for tail in becomes["tail"].unique() for each in tail} | set(_JAMO_VOWELS)
    marks = set(becomes.filter("mark")["code"])
    single = becomes.filter(pl.col("normalised").str.len_chars() == 1)
    codes = single["code"].to_numpy()
    targets = np.frombuffer("".join(single["normalised"]).encode("utf-32-le"), dtype=np.uint32)
    dependent = np.zeros(_KNOWN, dtype=np.bool_)
    dependent[[*tails, *marks]] = True
    alone = ~dependent[codes] & ~dependent[targets]
    raw = np.full(_KNOWN + 1, CONTEXT, dtype=np.uint32)
    raw[codes[alone]] = normal[targets[alone]]
    return raw
