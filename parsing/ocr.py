"""Text recognition of pages and pictures by tesseract, where it is installed."""

import functools
import io
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from contracts.results import Failure
from parsing.headings import Raw
from parsing.reading import How, Read

READER = "tesseract"
DOTS_PER_INCH = 300
MOST_DOTS_A_SIDE = 7000
SECONDS_A_PAGE = 30
_MOST_PIXELS = 120_000_000
_PARAGRAPH = ("block_num", "par_num")
_LINE = (*_PARAGRAPH, "line_num")


def installed(wanted: Sequence[str], /) -> str:
    """Those of the wanted languages that tesseract has, as it wants them said; all that it has if none are wanted; empty without it."""
    known = _known()
    chosen = [language for language in wanted if language in known] if wanted else [one for one in known if one != "osd"]
    return "+".join(chosen)


@functools.lru_cache(maxsize=1)
def _known() -> tuple[str, ...]:
    if shutil.which("tesseract", path=os.defpath) is None:  # all that the child of a parser finds
        return ()
    import unstructured_pytesseract  # type: ignore[import-untyped]

    return tuple(sorted(unstructured_pytesseract.get_languages()))


def recognise(picture: Any, page: int, languages: str, /) -> list[Raw]:
    """The paragraphs that stand in a picture, with their places."""
    import unstructured_pytesseract

    table = unstructured_pytesseract.image_to_data(picture, lang=languages, output_type=unstructured_pytesseract.Output.DICT)
    words = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    words = [word for word in words if word["text"].strip() and float(word["conf"]) >= 0]
    return [_paragraph(list(group), picture.size, page) for _, group in groupby(words, lambda word: [word[part] for part in _PARAGRAPH])]


def read_picture(content: bytes, how: How, /) -> Read | Failure:
    """What stands in each frame of a picture; a frame is a page."""
    from PIL import Image

    languages = installed(how.ocr_languages)
    if not languages:
        return Failure(
            "ocr.not_installed",
            "a picture, and text recognition is not installed",
            "Install it (sh scripts/install_system_packages.sh) and ingest again, or leave pictures out with `exclude`.",
        )
    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS // 2  # It raises at twice as many.
    try:
        with Image.open(io.BytesIO(content)) as picture:
            how.more_time(SECONDS_A_PAGE * getattr(picture, "n_frames", 1))
            elements = [raw for number, frame in enumerate(_frames(picture), start=1) for raw in recognise(frame, number, languages)]
    except Image.DecompressionBombError:
        return Failure(
            "file.too_large", f"a picture of more than {_MOST_PIXELS // 1_000_000} million pixels", "Scale it down, or leave it out."
        )
    if not elements:
        return Failure("parse.no_text", "a picture without text", "Leave it out with `exclude`, or describe it in a text.")
    return Read(elements, None, None)


def _frames(picture: Any) -> Iterator[Any]:
    from PIL import ImageOps, ImageSequence

    for frame in ImageSequence.Iterator(picture):
        yield ImageOps.exif_transpose(frame).convert("RGB")


def _paragraph(words: list[dict[str, Any]], size: tuple[int, int], page: int) -> Raw:
    lines = [" ".join(word["text"] for word in line) for _, line in groupby(words, lambda word: [word[part] for part in _LINE])]
    left, top = min(word["left"] for word in words), min(word["top"] for word in words)
    right = max(word["left"] + word["width"] for word in words)
    bottom = max(word["top"] + word["height"] for word in words)
    box = (left / size[0], top / size[1], right / size[0], bottom / size[1])
    text = re.sub(r"(?<=\w)-\n(?=\w)", "", "\n".join(lines))
    return Raw("text", text, page=page, reader=READER, box=tuple(round(edge, 4) for edge in box))
