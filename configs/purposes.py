"""What data is used for: our short names, and the terms of the Data Privacy Vocabulary that they stand for, kept in `purposes.yaml`."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_PREFIX, _NAMESPACE = "dpv:", "https://w3id.org/dpv#"


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of the vocabulary. `iri` is None where it is our own, narrower than the term `parent`."""

    name: str
    iri: str | None
    parent: str


@cache
def vocabulary() -> dict[str, Purpose]:
    """Every purpose that has a short name, by that name."""
    entries = yaml.safe_load(Path(__file__).with_name("purposes.yaml").read_text(encoding="utf-8"))
    return {
        name: Purpose(name, _NAMESPACE + entry["term"] if "term" in entry else None, _NAMESPACE + entry["parent"])
        for name, entry in entries.items()
    }


def canonical(purpose: str, /) -> str:
    """One name for a purpose, however it is written: short name, `dpv:Term` or full IRI. A term without a short name is `dpv:Term`.

    What nobody knows is the owner's own term, and stays as it is.
    """
    name = term(purpose.strip())
    return _names().get(name.casefold(), name)


def canonical_all(purposes: Iterable[str], /) -> tuple[str, ...]:
    """Each purpose once, by its one name, in the order given."""
    return tuple(dict.fromkeys(canonical(purpose) for purpose in purposes))


def term(iri: str, /) -> str:
    """`dpv:Term` for its full IRI; whatever else stays as it is."""
    return _PREFIX + iri.removeprefix(_NAMESPACE) if iri.startswith(_NAMESPACE) else iri


def iri(purpose: str, /) -> str | None:
    """The term of the Data Privacy Vocabulary that a purpose is; None for an own one."""
    name = canonical(purpose)
    if name in vocabulary():
        return vocabulary()[name].iri
    return _NAMESPACE + name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else None


def is_known(purpose: str, /) -> bool:
    """Whether the vocabulary has the purpose, under any of its names."""
    return canonical(purpose) in vocabulary()


@cache
def _names() -> dict[str, str]:
    terms = {term(purpose.iri).casefold(): name for name, purpose in vocabulary().items() if purpose.iri}
    return {name: name for name in vocabulary()} | terms
