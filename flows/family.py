"""Documents within documents: which lies in which, however deep."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
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
        children = defaultdict(list)
        for name, parent in self.parents.items():
            children[parent].append(name)
        found: set[str] = set()
        waiting = list(document_ids)
        while waiting:
            new = [child for child in children.get(waiting.pop(), ()) if child not in found]
            found.update(new)
            waiting += new
        return found
