"""Documents of several people, some of whom do not agree: what has to be taken out of each, and the taking out."""

import json
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from configs.settings import PolicySettings
from contracts.consent import Consents, refuses
from contracts.ids import Identity, fingerprint
from governance.mentions import MARK, Mention, find_mentions, without
from governance.terms import SEALED_MENTIONS

_SHOWN = ("uri", "title", "owner", "licence")
"""What names a document cannot be taken out of it: where a person is named there, the document goes."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """What has to be taken out of one document: everything that names any of these people."""

    document_id: str
    mentions: Mapping[str, frozenset[Mention]]
    """By the key of the person."""
    whole_passages: bool
    fingerprint: str
    """Of all that: equal means that there is nothing to do again."""


def plan_redactions(
    documents: pl.DataFrame, stated: Mapping[str, str], consents: Consents, how: PolicySettings, /, *, identity: Identity
) -> dict[str, Redaction]:
    """By document, for those of several people of whom some, but not all, refuse a purpose that is served.

    `documents` are rows of `effective_terms`; `stated` has the stored terms of each. A document that does not say how it names one of those
    who do not agree has no redaction, and is refused as a whole; so is one that names them in its place, title, owner or licence.
    """
    if how.partial_consent == "refuse":
        return {}
    plans = {}
    for row in documents.filter(pl.col("named").list.len() > 1).iter_rows(named=True):
        people = _disagreeing(consents, row, sorted({*how.purposes} & {*(row["purposes"] or ())}))
        terms = json.loads(stated[row["document_id"]] or "{}")
        mentions = {person: stated_mentions(terms, person) for person in sorted(people)}
        shown = [str(terms[name]) for name in _SHOWN if terms.get(name)] + [row["uri"], row["title"] or ""]
        if mentions and all(mentions.values()) and not any(_names(text, mentions, identity) for text in shown):
            plans[row["document_id"]] = _plan(row["document_id"], mentions, how)
    return plans


def redact(elements: pl.DataFrame, redaction: Redaction, identity: Identity, /) -> tuple[pl.DataFrame, frozenset[str]]:
    """The ParsedElement rows of a document without what names these people, and those of them who were named at all.

    Headings above an element lose the mention; a passage loses the mention or, if the policy says so, everything. A table whose cells say
    what its text says not, or the other way round, loses its cells. No link is kept: where one leads may name a person in ways that no
    mention is found by.
    """
    owners = {mention: person for person, mentions in redaction.mentions.items() for mention in mentions}
    found: set[str] = set()

    def cut(text: str | None, *, whole: bool) -> str | None:
        if text is None:
            return None
        composed = unicodedata.normalize("NFC", text)
        spans = find_mentions(composed, owners, identity)
        found.update(owners[span.mention] for span in spans)
        return text if not spans else MARK if whole else without(composed, spans)

    rows = []
    for row in elements.iter_rows(named=True):
        text = cut(row["text"], whole=redaction.whole_passages)
        html = cut(row["html"], whole=False)
        if (text == row["text"]) != (html == row["html"]) or (text != row["text"] and redaction.whole_passages):
            html = None
        rows.append(row | {"text": text, "html": html, "heading_path": cut(row["heading_path"], whole=False), "links": None})
    return pl.DataFrame(rows, schema=elements.schema, orient="row"), frozenset(found)


def stated_mentions(terms: Mapping[str, object], person: str, /) -> frozenset[Mention]:
    """How a document says that it names a person, given its stored terms; none where it does not say."""
    sealed = terms.get(SEALED_MENTIONS)
    return frozenset(Mention(*mention) for mention in sealed.get(person, ())) if isinstance(sealed, dict) else frozenset()


def _disagreeing(consents: Consents, document: Mapping[str, Any], served: Collection[str]) -> set[str]:
    """Who refuses a purpose that somebody else of them does not."""
    people, source_id, lawful_basis = set(document["named"]), document["source_id"], document["lawful_basis"]
    against = [{person for person in people if refuses(consents.of(person, purpose, source_id), lawful_basis)} for purpose in served]
    return set[str]().union(*(refusing for refusing in against if refusing != people))


def _names(text: str, mentions: Mapping[str, frozenset[Mention]], identity: Identity) -> bool:
    return bool(find_mentions(unicodedata.normalize("NFC", text), frozenset[Mention]().union(*mentions.values()), identity))


def _plan(document_id: str, mentions: dict[str, frozenset[Mention]], how: PolicySettings) -> Redaction:
    made_of = {person: sorted(sealed) for person, sealed in mentions.items()}
    whole = how.partial_consent == "redact_passages"
    return Redaction(document_id, mentions, whole, fingerprint("redaction", mentions=made_of, whole=whole))
