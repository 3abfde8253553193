"""What an erasure reaches: the documents that somebody names, and whatever else is a copy of one of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from contracts.errors import UsageError
from flows.family import Families
from flows.phrase import find_phrase, normal_form
from flows.redact import redactable_without
from flows.workspace import Workspace
from governance.digest import digest_texts
from governance.terms import effective_terms, expired

Kind = Literal["subject", "document", "uri", "source", "query", "expired"]


@dataclass(frozen=True, slots=True)
class Selector:
    """What to erase: everything about a person, one document by its id or its place, a whole source, every document that says some words,
    or every document whose terms have ended by a moment, written as ISO 8601 has it."""

    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class Target:
    """A document that an erasure reaches."""

    document_id: str
    source_id: str
    uri: str
    redacted: bool = False
    """It is about other people too, and stays without the one who is erased."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would reach: documents, and entries by copy."""

    targets: tuple[Target, ...]
    copies: dict[str, int]


def preview(workspace: Workspace, selector: Selector, /, *, now: datetime) -> Preview:
    """The documents of a selector, and what every copy holds of those that would go. Changes nothing."""
    targets = find_targets(workspace, selector, now=now)
    ids = [target.document_id for target in targets if not target.redacted]
    return Preview(targets, {copy.name: copy.count(ids) for copy in workspace.copies})


def find_targets(workspace: Workspace, selector: Selector, /, *, now: datetime) -> tuple[Target, ...]:
    """The documents that the selector names, what lies in them, and every other with the same bytes or the same whole text as one of these.

    UsageError if nothing and nobody is known by it.
    """
    held = _held(workspace)
    named = held.filter(pl.col("document_id").is_in(list(_named(workspace, selector, held))))
    if named.is_empty() and selector.kind != "subject":
        raise UsageError(f"erase: {_nothing(selector)}. What is held: ragkeep status")
    same = _with_copies(held, named).select("document_id", "source_id", "uri").unique()
    stays = set[str]()
    if selector.kind == "subject":
        stays = redactable_without(workspace, workspace.identity.subject(selector.value), set(named["document_id"]), now=now)
        stays -= Families.of(held).below(set(named["document_id"]) - stays)
    rows = same.sort("source_id", "uri").iter_rows()
    return tuple(Target(document_id, source_id, uri, document_id in stays) for document_id, source_id, uri in rows)


def find_originals(workspace: Workspace, document_ids: Collection[str], /) -> tuple[set[str], set[str]]:
    """Digests of the whole texts, and versions, of what sources gave of these documents: of what is held, and of what is still served.

    What redaction left of a document is not among them.
    """
    manifest = workspace.lake.manifest.read(document_ids, columns=["document_id", "version_id", "original_version_id"])
    derived = set(manifest.filter(pl.col("original_version_id").is_not_null())["version_id"])
    finished = workspace.outputs.frame(document_ids)
    parsed = digest_texts(workspace.lake.elements.read(document_ids, columns=_TEXT), workspace.identity)
    chunks = workspace.lake.chunks.read(document_ids, columns=["version_id"])
    known = pl.concat([frame.select("version_id", "text_digest") for frame in (finished, parsed)])
    texts = set(known.filter(pl.col("version_id").is_in(list(derived)).not_())["text_digest"])
    versions = {*manifest["version_id"], *manifest["original_version_id"], *chunks["version_id"]} - derived
    return texts - {"", None}, versions - {None}


def hide(workspace: Workspace, selector: Selector, /) -> str:
    """The selector's value as it may be kept: ids and moments as they are, names and words as keyed hashes."""
    match selector.kind:
        case "document" | "expired":
            return selector.value
        case "subject":
            return workspace.identity.subject(selector.value)
        case "query":
            return workspace.identity.content(selector.kind, normal_form(selector.value))
        case _:
            return workspace.identity.content(selector.kind, selector.value)


_PLACE = ("document_id", "parent_id", "source_id", "uri")
_TEXT = ["document_id", "version_id", "ordinal", "kind", "text"]


def _held(workspace: Workspace) -> pl.DataFrame:
    """document_id, parent_id, source_id, uri, version_id, text_digest of every version held, served or redacted, as far as it is known.

    What is finished is what is served. Of a document that is not, the lake is asked which version its chunks are of.
    """
    manifest = workspace.lake.manifest.read(columns=[*_PLACE, "version_id", "original_version_id"])
    places = manifest.select(_PLACE)
    originals = (
        manifest.filter(pl.col("original_version_id").is_not_null()).drop("version_id").rename({"original_version_id": "version_id"})
    )
    finished = workspace.outputs.frame().select("document_id", "version_id", "text_digest")
    unfinished = manifest.join(finished, on="document_id", how="anti")["document_id"].to_list()
    served = workspace.lake.chunks.read(unfinished, columns=["document_id", "version_id"]).unique()
    old = finished.filter(pl.col("text_digest").is_null())["document_id"].to_list()
    parsed = digest_texts(workspace.lake.elements.read([*unfinished, *old], columns=_TEXT), workspace.identity)
    waiting = workspace.lake.quarantine.read(columns=_PLACE).join(places, on="document_id", how="anti")
    known = [
        manifest.drop("original_version_id"),
        originals,
        *(frame.join(places, on="document_id") for frame in (finished, served, parsed)),
        waiting,
    ]
    return pl.concat([frame.cast({"document_id": pl.String}) for frame in known], how="diagonal_relaxed").unique()


def _named(workspace: Workspace, selector: Selector, held: pl.DataFrame) -> Collection[str]:
    match selector.kind:
        case "document":
            return [selector.value]
        case "uri":
            return held.filter(pl.col("uri") == selector.value)["document_id"].to_list()
        case "source":
            return held.filter(pl.col("source_id") == selector.value)["document_id"].to_list()
        case "query":
            return find_phrase(workspace, selector.value)
        case "expired":
            terms = effective_terms(workspace.lake.manifest.read(), workspace.registry.terms(), workspace.identity)
            return expired(terms, datetime.fromisoformat(selector.value))
        case "subject":
            return _about(workspace, workspace.identity.subject(selector.value))


def _about(workspace: Workspace, subject_key: str) -> list[str]:
    """Documents whose terms name a person, whoever was left out of them. Terms that cannot name the person are not even read."""
    sources, identity = workspace.registry.terms(), workspace.identity
    by_source = [name for name, terms in sources.items() if subject_key in map(identity.subject, terms.subjects or ())]
    may_name = pl.col("terms").str.contains(subject_key, literal=True) | pl.col("source_id").is_in(by_source)
    terms = effective_terms(workspace.lake.manifest.read().filter(may_name), sources, identity)
    return terms.filter(pl.col("named").list.contains(subject_key))["document_id"].to_list()


def _nothing(selector: Selector) -> str:
    """Words that were looked for are not repeated: they are what somebody wants to be forgotten."""
    match selector.kind:
        case "query":
            return "no document that is held says these words in this order"
        case "expired":
            return "the terms of no document that is held have ended"
        case _:
            return f"no document with {selector.kind} {selector.value!r} is held"


def _with_copies(held: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """All versions of the named documents, of what lies in them, and of copies of either: what is suppressed of one is refused of all."""
    found = pl.DataFrame(schema=held.schema)
    while named.height > found.height:
        found = named
        same = [
            held.join(found.filter(condition), on=column, how="semi")
            for column, condition in (
                ("document_id", pl.lit(True)),
                ("version_id", pl.col("version_id").is_not_null()),
                ("text_digest", pl.col("text_digest") != ""),
            )
        ]
        same.append(held.join(found, left_on="parent_id", right_on="document_id", how="semi"))
        named = pl.concat(same).unique()
    return found
