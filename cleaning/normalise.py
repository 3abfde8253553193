"""One form for one text.

- NFC, so that an accent typed in two ways is one letter.
- Line ends are `\\n`; no blank line stays inside an element, since a blank line stands between elements.
- Control characters, the byte-order mark, soft hyphens, zero-width spaces and direction marks are removed: nobody sees them, and they
  break words apart for search. The zero-width joiner and non-joiner stay between two characters that are not ASCII: emoji, Persian and
  the scripts of India are spelt with them.
- Every kind of space is a space, runs of them are one, none stands at a line's end. Code keeps its indentation; elsewhere lines lose it.
"""

import polars as pl

_LINE_ENDS = r"\r\n|[\r\x0B\x0C\x{85}\x{2028}\x{2029}]"
_INVISIBLE = (
    r"[\x00-\x08\x0E-\x1F\x7F-\x{9F}\x{AD}\x{34F}\x{61C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180E}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}"
    r"\x{2060}-\x{206F}\x{3164}\x{FEFF}\x{FFA0}\x{FFF9}-\x{FFFB}\x{FFFE}\x{FFFF}\x{E0000}-\x{E001F}]"
)
_LOOSE_JOINER = r"(^|[\x00-\x7F])[\x{200C}\x{200D}]+|[\x{200C}\x{200D}]+([\x00-\x7F]|$)"
_HARD_SPACES = r"[\x{A0}\x{202F}]"
_SPACES = r"[\t\x{A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]"


def normalise(column: str, /, *, keep_spaces: pl.Expr | None = None) -> pl.Expr:
    """The column in its normal form; applying it again changes nothing. `keep_spaces` says which rows are code."""
    # NFC comes first, since it turns some letters into ASCII ones, and last, since an accent may have lost what kept it from its letter.
    text = pl.col(column).str.normalize("NFC").str.replace_all(_LINE_ENDS, "\n").str.replace_all(_INVISIBLE, "")
    code, prose = (text.str.replace_all(spaces, " ").str.replace_all(_LOOSE_JOINER, "${1}${2}") for spaces in (_HARD_SPACES, _SPACES))
    prose = prose.str.replace_all(r" {2,}", " ").str.replace_all(r"(?m)^ +", "")
    lines = prose if keep_spaces is None else pl.when(keep_spaces).then(code).otherwise(prose)
    lines = lines.str.replace_all(r"[ \t]+(\n|$)", "${1}").str.replace_all(r"\n{2,}", "\n").str.strip_chars("\n")
    return lines.str.normalize("NFC").alias(column)
