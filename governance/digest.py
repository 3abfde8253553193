"""The digest of a document's whole text: equal wherever the same words are, in whatever file they come."""

import polars as pl

from contracts.ids import Identity

SHORTEST = 40
"""Letters and digits, about eight words. What is shorter says too little to be anybody's: "N/A" must not ban every other "N/A"."""

_FURNITURE = ("page_number",)
"""Where pages end is the file's doing."""


def digest_texts(elements: pl.DataFrame, identity: Identity, /) -> pl.DataFrame:
    """document_id, version_id, text_digest of each version in `elements` (columns of ParsedElement); "" where the text is too short.

    The digest is keyed, and of the letters, their marks and the digits of all elements in order, in Unicode's NFKC form and lower case:
    nothing between them counts, neither white space nor punctuation nor symbols nor where an element ends. So a text that was saved in
    another encoding or Unicode form, with other line ends, in capitals, or in a file of another format, has the digest that it had.
    One letter or digit more or less gives another: a copy with a word added, left out or misspelt, a text within a longer one, one whose
    tables or notes stand in another order, and a translation are other texts.
    """
    text = pl.col("text").sort_by("ordinal").str.join(" ").str.normalize("NFKC").str.to_lowercase()
    letters = text.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", "").str.normalize("NFKC").alias("letters")
    counted = elements.filter(pl.col("kind").is_in(_FURNITURE).not_())
    whole = elements.select(_VERSION).unique(maintain_order=True).join(counted.group_by(_VERSION).agg(letters), on=_VERSION, how="left")
    digests = [identity.text(letters) if len(letters) >= SHORTEST else "" for letters in whole["letters"].fill_null("")]
    return whole.select(*_VERSION, text_digest=pl.Series(digests, dtype=pl.String))


_VERSION = ["document_id", "version_id"]
