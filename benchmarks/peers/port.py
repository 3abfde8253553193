"""What the script asks of a tool, and what a tool's adapter answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

EVERYTHING = 500
"""More hits than there are rows: a search with this limit shows whatever can be found at all."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One run: texts that were given to the embedder, and rows that the tool itself says it wrote or deleted (None: it does not say)."""

    embedded: int
    written: int | None


class Peer(Protocol):
    """A tool with its state in one folder. Every call is made in a process of its own."""

    def load(self, corpus: Path, /, *, thorough: bool = False) -> Loaded:
        """A scheduled run over all documents; `thorough` asks for the most complete run that the tool offers."""
        ...

    def erase(self, corpus: Path, person: str, /) -> bool:
        """Delete all documents of a person, though their files stay. False: the tool has no call that deletes."""
        ...

    def query(self, text: str, /) -> list[str]:
        """The texts that a search returns to somebody who may see what has consent, at most `EVERYTHING`."""
        ...

    def cleanup(self) -> None:
        """Whatever the tool and its store document for freeing space."""
        ...

    def receipt(self) -> tuple[bool, bool] | None:
        """Whether the receipt of the last erasure verifies away from the tool's state, and with one byte changed. None: there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """What is known of a tool before it runs. `build` gets the folder of its state, which exists, and the name of a variant."""

    packages: tuple[str, ...]
    store: str
    """The vector store's folder, in the folder of the state: what an operator would restore from a backup by itself."""
    thorough: str = ""
    """What the tool calls its most complete run; empty if it has none."""
    preload: tuple[str, ...] = ()
    """Modules that may be imported before a process forks: those that start no threads."""
    metadata: bool = True
    """Whether a user can attach metadata of their own to a file, and search by it."""
