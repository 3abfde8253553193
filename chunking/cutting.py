"""What the settings and the model make of chunking: which rule, and what fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from chunking.cut import cut
from chunking.cutter import Cutter, Embed, Limit
from chunking.fixed import cut_fixed
from chunking.semantic import cut_semantic
from chunking.sentences import cut_sentences
from configs.settings import ChunkingSettings
from contracts.errors import SettingsError, UsageError
from contracts.ids import fingerprint
from contracts.ports import Tokenizer, Vectors

RULES = 3
"""Raised whenever the same elements and settings would give other chunks."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """How texts are cut: a rule, what fits, and the tokenizer that counts."""

    cutter: Cutter
    limit: Limit
    tokenizer: Tokenizer


def cutting(how: ChunkingSettings, tokenizer: Tokenizer, embed: Embed | None = None, /) -> Cutting:
    """The chunker that the settings name. `embed` is needed, and called, by kind `semantic` alone."""
    limit = Limit(max_tokens(how, tokenizer), small=how.min_tokens, overlap=how.overlap_tokens)
    if 2 * limit.overlap > limit.tokens:
        raise SettingsError(
            f"chunking.overlap_tokens: {limit.overlap} is more than half of the {limit.tokens} tokens of a chunk. Set it to "
            f"{limit.tokens // 2} or less"
        )
    return Cutting(_cutter(how, tokenizer, embed), limit, tokenizer)


def max_tokens(how: ChunkingSettings, tokenizer: Tokenizer, /) -> int:
    """The most tokens of a chunk: as many as the settings want, never more than the model reads."""
    return min(how.max_tokens or tokenizer.window, tokenizer.window)


def chunking_fingerprint(how: ChunkingSettings, tokenizer: Tokenizer, tokenizer_identity: str, model: str = "", /) -> str:
    """Equal only where equal elements give equal chunks; `tokenizer_identity` is a hash of the tokenizer's own file, `model` the model's
    fingerprint, which matters to kind `semantic` alone.
    """
    return fingerprint(
        "chunking",
        rules=RULES,
        kind=how.kind,
        max_tokens=max_tokens(how, tokenizer),
        min_tokens=how.min_tokens,
        overlap_tokens=how.overlap_tokens,
        embed_headings=how.embed_headings,
        tokenizer=tokenizer_identity,
        model=model if how.kind == "semantic" else "",
    )


def _cutter(how: ChunkingSettings, tokenizer: Tokenizer, embed: Embed | None) -> Cutter:
    match how.kind:
        case "recursive":
            return cut
        case "fixed":
            return cut_fixed
        case "sentences":
            return cut_sentences
        case "semantic":
            if embed is None:
                raise UsageError("chunking.kind: semantic needs a model to embed sentences with")
            return cut_semantic(_readable(embed, tokenizer))


def _readable(embed: Embed, tokenizer: Tokenizer) -> Embed:
    """Of a sentence that by itself has more tokens than it had in its section, what the model reads."""

    def embed_beginnings(texts: Sequence[str], /) -> Vectors:
        counted = zip(texts, tokenizer.spans(texts), strict=True)
        return embed([text if len(spans) <= tokenizer.window else text[: spans[tokenizer.window // 2][0]] for text, spans in counted])

    return embed_beginnings
