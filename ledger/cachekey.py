"""The key of a vector cache that several workspaces share. Whoever has both can test whether a text that they guess is there."""

import os
from pathlib import Path

from contracts.errors import KeyFileError
from ledger.keyfile import LENGTH, decode, read_lines, write_secrets

_SETTING = "stores.vectors_key_file"
_NAME = "cache"
"""Another than that of a workspace's key, which would else be given away where somebody names that file."""
_HEADER = (
    "# ragkeep: key of a vector cache, for every workspace that shares it.\n"
    "# Without it the cache is of no use, and has to be made anew.\n"
    "# Keep it from whoever may not know which texts are in the cache.\n"
)


def read_cache_key(path: Path, /, *, make: bool) -> bytes:
    """The key of the file, which is made if it is not there and it may be, readable by its owner alone."""
    if make and not path.exists():
        try:
            write_secrets(path, _HEADER, {_NAME: os.urandom(LENGTH)}, setting=_SETTING)
        except KeyFileError:
            if not path.exists():  # nor did another workspace make it meanwhile
                raise
    return decode(read_lines(path, "the key of the vector cache", setting=_SETTING).get(_NAME), _NAME, str(path), of="this cache")
