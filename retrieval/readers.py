"""Who asks, and which access keys they open: resolved outside the store, since one indexed key is its only fast filter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from configs.settings import ReaderSettings
from contracts.errors import UsageError
from contracts.terms import Classification
from retrieval.ports import AccessTerms


@dataclass(frozen=True, slots=True)
class Reader:
    """A person or a program that searches, and how far they see."""

    name: str
    groups: frozenset[str] = frozenset()
    clearance: Classification = Classification.PUBLIC
    purposes: tuple[str, ...] = ("retrieval",)


ANONYMOUS = Reader("anonymous")
"""Sees what is public, for retrieval."""


def find_reader(name: str | None, readers: Mapping[str, ReaderSettings], /) -> Reader:
    """The reader of that name in the settings; no name is the anonymous reader. Raises UsageError for a name that is not there."""
    if name is None:
        return ANONYMOUS
    if name not in readers:
        known = ", ".join(sorted(readers)) or "none"
        raise UsageError(f"no reader is called {name!r}; ragkeep.yaml knows: {known}. Add them under `readers`, or search without --as.")
    told = readers[name]
    return Reader(name, frozenset(told.groups), told.clearance, told.purposes)


def open_keys(reader: Reader, purpose: str, terms: Iterable[AccessTerms], /) -> tuple[str, ...]:
    """Sorted keys of the terms that this reader may open for this purpose; none where the purpose is not the reader's."""
    if purpose not in reader.purposes:
        return ()
    return tuple(sorted(each.access_key for each in terms if _opens(reader, purpose, each)))


def _opens(reader: Reader, purpose: str, terms: AccessTerms) -> bool:
    cleared = Classification(terms.classification).rank <= reader.clearance.rank
    return cleared and purpose in terms.purposes and (not terms.groups or not reader.groups.isdisjoint(terms.groups))
