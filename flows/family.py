"""Documents within documents: which lies in which, however deep."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl


@dataclass(frozen=True)
class Families:
    """Archives and messages with what lies in them."""

    parents: Mapping[str, str]
    """The document that each lies in; those that lie in none are not in it."""

    @classmethod
    def of(cls, *tables: pl.DataFrame) -> "Families":
        """Of rows with `document_id` and `parent_id`."""
        return cls({name: parent for table in tables for name, parent in table.select("document_id", "parent_id").iter_rows() if parent})

    def root(self, document_id: str, /) -> str:
        """The file of its source that a document lies in; itself, if it is one."""
        while document_id in self.parents:
            document_id = self.parents[document_id]
        return document_id

    def below(self, document_ids: Collection[str], /) -> set[str]:
        """All that lies in any of these, without themselves."""
        found: set[str] = set()
        waiting = list(document_ids)
        while waiting:
            new = [child for child in self._children.get(waiting.pop(), ()) if child not in found]
            found.update(new)
            waiting += new
        return found

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = {}
        for name, parent in self.parents.items():
            children.setdefault(parent, []).append(name)
        return children
