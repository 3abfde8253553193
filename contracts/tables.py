"""The columns of every table that crosses a room, layer by layer. A frame that breaks its contract never reaches the next layer."""

import dataframely as dy
import polars as pl

from contracts.ids import ID_PATTERN

HEADING_SEPARATOR = " > "
ELEMENT_SEPARATOR = "\n\n"
"""Stands between two elements in a document's text; offsets count it, no chunk needs to cover it."""


def _id(*, primary_key: bool = False, description: str) -> dy.String:
    return dy.String(primary_key=primary_key, regex=ID_PATTERN, description=description)


class Manifest(dy.Schema):
    """Bronze: one row a document, as its source last listed it."""

    bucket = dy.Int32(min=0, description="partition: document_id modulo the number of buckets")
    document_id = _id(primary_key=True, description="the place: (source, uri), or (document, path) within an archive or a message")
    parent_id = dy.String(nullable=True, regex=ID_PATTERN, description="the archive or message that it is in; null: a file of its source")
    source_id = dy.String(min_length=1, description="name of the source in the settings")
    uri = dy.String(min_length=1, description="path within the source, with forward slashes; `a.zip!/b.txt` is b.txt in a.zip")
    version_id = _id(description="the bytes last read, or what was made of them by leaving people out")
    original_version_id = dy.String(nullable=True, regex=ID_PATTERN, description="the bytes last read, where people were left out of them")
    redacted = dy.List(dy.String(), description="keyed people who were left out")
    redaction = dy.String(nullable=True, description="fingerprint of what was last sought to be left out")
    size = dy.Int64(min=0, description="bytes")
    stat = dy.String(description="what the listing said (size and mtime, or an etag): equal means that the bytes are not read again")
    unpacked = dy.String(
        nullable=True,
        description="empty: these bytes hold no documents; else a fingerprint of how those in them were taken out; null: nobody looked",
    )
    terms = dy.String(
        description="stated terms of this document alone, canonical JSON; the source's own are merged when admission is decided"
    )
    terms_problem = dy.String(nullable=True, description="why the stated terms cannot be read; such a document is refused")
    state = dy.String(
        regex="^(present|missing|removed)$",
        description="missing: gone from the listing, its removal withheld until approved; removed: on its way out of every copy",
    )
    observed_at = dy.Datetime(time_unit="us", time_zone="UTC", description="when a run first saw this version")


class ParsedElement(dy.Schema):
    """Silver: what the parser found, in reading order, before cleaning."""

    bucket = dy.Int32(min=0)
    document_id = _id(description="the place")
    version_id = _id(description="the bytes that were parsed")
    fingerprint = _id(description="of the parsing stage")
    ordinal = dy.UInt32(description="reading order within the document, from 0")
    kind = dy.String(
        description="title, text, list_item, table, code, header, footer, email_header, page_number, image, or off_page or duplicate for "
        "what nobody sees on the page"
    )
    text = dy.String(description="as the parser gave it")
    html = dy.String(nullable=True, description="a table's cells as HTML")
    page = dy.UInt32(description="page, slide or sheet from 1; 0 where the format has none")
    heading_path = dy.String(description="titles above this element, outermost first, joined by ' > '")
    language = dy.String(description="ISO 639-1 code, empty where unknown")
    reader = dy.String(nullable=True, description="who read it where that is not its format's own reader, such as pypdfium2 or tesseract")
    box = dy.List(dy.Float64(), nullable=True, description="left, top, right and bottom as shares of the page, from its upper left corner")
    links = dy.List(
        dy.Struct({"text": dy.String(), "target": dy.String()}), nullable=True, description="what leads out of the document, and where to"
    )


class ParseReport(dy.Schema):
    """Silver: how well a document was parsed, one row a document; of what was left after people were taken out there is none."""

    bucket = dy.Int32(min=0)
    document_id = _id(primary_key=True, description="the place")
    version_id = _id(description="the bytes that were parsed")
    fingerprint = _id(description="of the parsing stage")
    format = dy.String(min_length=1, description="what its bytes are, such as docx")
    characters = dy.Int64(min=0, description="of all elements together")
    coverage = dy.Float64(nullable=True, min=0, max=1, description="share of what a second reader finds that came out; null without one")
    rule = dy.String(nullable=True, description="what a person should know though the document goes on, such as parse.pages_unread")
    detail = dy.String(nullable=True)
    remedy = dy.String(nullable=True)


class Element(dy.Schema):
    """An element after cleaning; `document_text[char_start:char_end] == text`."""

    document_id = _id(description="the place")
    version_id = _id(description="the bytes")
    ordinal = dy.UInt32(description="the ParsedElement's")
    kind = dy.String()
    text = dy.String(min_length=1)
    html = dy.String(nullable=True)
    page = dy.UInt32()
    heading_path = dy.String()
    language = dy.String()
    char_start = dy.Int64(min=0, description="offset into the document's text: its elements joined by a blank line")
    char_end = dy.Int64(min=1)


class Dropped(dy.Schema):
    """What cleaning let fall, by the name of the rule. Kept plus dropped equals the input."""

    bucket = dy.Int32(min=0)
    document_id = _id(description="the place")
    version_id = _id(description="the bytes")
    ordinal = dy.UInt32(description="the ParsedElement's")
    rule = dy.String(min_length=1)
    characters = dy.Int64(min=0, description="length of what was dropped; its text is not kept")


class Chunk(dy.Schema):
    """Silver: a slice of a document's text; `document_text[char_start:char_end] == text`."""

    bucket = dy.Int32(min=0)
    document_id = _id(description="the place")
    version_id = _id(description="the bytes")
    fingerprint = _id(description="of parsing, cleaning and chunking together")
    chunk_id = _id(primary_key=True, description="(document, text, occurrence)")
    ordinal = dy.UInt32(description="order within the document, from 0")
    text = dy.String(min_length=1)
    heading_path = dy.String()
    page_start = dy.UInt32()
    page_end = dy.UInt32()
    char_start = dy.Int64(min=0)
    char_end = dy.Int64(min=1)
    element_kind = dy.String(description="kind of the element that most of the chunk's characters come from")
    language = dy.String()
    tokens = dy.UInt32(min=1, description="of the embedding model, without its special tokens")
    text_key = _id(description="keyed hash of the normalised text: equal for exact duplicates")
    content_hash = _id(description="of all that this row says")

    @dy.rule()
    def span_is_as_long_as_text(cls) -> pl.Expr:
        return pl.col("char_end") - pl.col("char_start") == pl.col("text").str.len_chars().cast(pl.Int64)


class Quarantined(dy.Schema):
    """A document that could not go on, with what to do about it."""

    bucket = dy.Int32(min=0)
    document_id = _id(primary_key=True, description="the place")
    version_id = _id(description="the bytes that failed")
    fingerprint = _id(description="of the stage that failed; another fingerprint tries again")
    parent_id = dy.String(nullable=True, description="the archive or message that it is in, of what the manifest does not hold")
    source_id = dy.String()
    uri = dy.String()
    rule = dy.String(min_length=1, description="name of the rule, such as pdf.encrypted")
    detail = dy.String(min_length=1, description="what was found, without content")
    remedy = dy.String(min_length=1, description="what a person can do")
    at = dy.Datetime(time_unit="us", time_zone="UTC")


class IndexRow(dy.Schema):
    """Gold: a row of the index as it ought to stand, all but its vector."""

    bucket = dy.Int32(min=0)
    chunk_id = _id(primary_key=True, description="primary key in the vector store")
    text = dy.String(min_length=1)
    document_id = _id(description="the place")
    version_id = _id(description="the bytes")
    source_id = dy.String()
    subject_keys = dy.List(dy.String(regex=ID_PATTERN), description="the people it is about, as keyed hashes")
    uri = dy.String()
    title = dy.String()
    heading_path = dy.String()
    page_start = dy.UInt32()
    page_end = dy.UInt32()
    char_start = dy.Int64()
    char_end = dy.Int64()
    element_kind = dy.String()
    language = dy.String()
    purposes = dy.List(dy.String(), description="what it was admitted for, sorted")
    consent_state = dy.String(regex="^(granted|not_required)$")
    lawful_basis = dy.String()
    access_key = _id(description="of groups, classification and purposes")
    classification = dy.String()
    expires_at = dy.Int64(min=0, description="seconds since 1970 UTC; 0 means never")
    fingerprint = _id(description="of chunking and of the model: two models never mix")
    row_hash = dy.String(regex=r"^[0-9a-f]{64}$", description="content_hash followed by the hash of the terms")
