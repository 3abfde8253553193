"""What of a chunk is embedded: its text, and before it, if the settings say so, the titles that it does not say itself."""

import polars as pl

from configs.settings import ChunkingSettings
from contracts.ports import Tokenizer
from contracts.tables import ELEMENT_SEPARATOR, HEADING_SEPARATOR


def embedded_texts(rows: pl.DataFrame, how: ChunkingSettings, tokenizer: Tokenizer, /) -> list[str]:
    """For each row (text, heading_path) what its vector is made of, the same wherever it is asked: no longer than the model reads.

    Titles stand outermost first, those left out that the text says anyway; where not all fit beside the text, the innermost do.
    """
    texts = rows["text"].to_list()
    if not how.embed_headings:
        return texts
    titles = [_unsaid(path, text) for text, path in zip(texts, rows["heading_path"], strict=True)]
    whole = [_headed(above, text) for above, text in zip(titles, texts, strict=True)]
    places = [place for place, above in enumerate(titles) if above]
    while places:
        counted = zip(places, tokenizer.count([whole[place] for place in places]), strict=True)
        places = [place for place, tokens in counted if titles[place] and tokens > tokenizer.window]
        for place in places:
            titles[place] = titles[place][1:]
            whole[place] = _headed(titles[place], texts[place])
    return whole


def _unsaid(heading_path: str, text: str) -> list[str]:
    return [title for title in heading_path.split(HEADING_SEPARATOR) if title and title not in text]


def _headed(titles: list[str], text: str) -> str:
    return HEADING_SEPARATOR.join(titles) + ELEMENT_SEPARATOR + text if titles else text
