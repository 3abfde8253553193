"""Every error that ragkeep raises, each saying what, where and what to do.

    RagkeepError                 exit code 2
    ├── SettingsError            a key, type or folder in ragkeep.yaml is wrong
    ├── KeyFileError             a key or pepper of the workspace, or of a cache that it shares, is missing or wrong
    ├── UsageError               a command was called with something that does not exist
    ├── ContractError            a table does not have the columns that its contract wants
    ├── WorkspaceVersionError    the workspace was written by a newer ragkeep
    ├── UnreadableDocument       a stored document does not open: its key was destroyed, or its bytes were altered
    ├── DocumentUnavailable      one document's bytes cannot be had; carries the `Failure` that its run records
    │   └── Vanished             it was listed, and is gone
    └── StoreUnavailable         exit code 3: a store could not be reached
        ├── WorkspaceLocked      another process holds the workspace
        └── ModelMoved           the index became another model's while a question was on its way

What befalls a single document is not an error but a value: `contracts.results.Failure`.
"""

from contracts.results import Failure


class RagkeepError(Exception):
    """Root of the tree; its text is one line for a person."""

    exit_code = 2


class SettingsError(RagkeepError):
    """Names the file and the key's path."""


class KeyFileError(RagkeepError):
    """Names the file, and which of key and pepper is at fault."""


class UsageError(RagkeepError):
    """Names what was asked for and what there is."""


class ContractError(RagkeepError):
    """Names the table, the column and the command that rebuilds."""


class WorkspaceVersionError(RagkeepError):
    """Names both versions."""


class DocumentUnavailable(RagkeepError):
    """Raised by a port that can only return bytes; whoever calls it records `failure` and goes on with the other documents."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.detail} {failure.remedy}")
        self.failure = failure


class Vanished(DocumentUnavailable):
    """Treated as if the document had not been listed."""


class UnreadableDocument(RagkeepError):
    """Names the document and version. A run catches it and makes it that document's Failure."""


class StoreUnavailable(RagkeepError):
    """Names the store and its address."""

    exit_code = 3


class WorkspaceLocked(StoreUnavailable):
    """Names the process that holds the workspace."""


class ModelMoved(StoreUnavailable):
    """Names the collection. Whoever asked embeds the question again and asks once more."""
