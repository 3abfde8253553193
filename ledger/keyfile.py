"""The key file: the workspace's key, which may be rotated, and its pepper, which never changes. Whoever has it can read bronze."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contracts.errors import KeyFileError

LENGTH = 32
"""Bytes of the key, and of the pepper."""

_HEADER = (
    "# ragkeep: key and pepper of one workspace.\n"
    "# Without the key its documents cannot be read, without the pepper its erasures cannot be honoured.\n"
    "# Keep a copy where the workspace's backups are not.\n"
)


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """A workspace's key and pepper, and where they came from, for messages."""

    key: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    origin: str


def new_key_material(origin: str, /) -> KeyMaterial:
    """A key and a pepper that nobody has seen, from the system's random source."""
    return KeyMaterial(os.urandom(LENGTH), os.urandom(LENGTH), origin)


def create_key_file(path: Path, /) -> KeyMaterial:
    """New key material, in a file that only its owner can read. An existing file is never overwritten."""
    material = new_key_material(str(path))
    write_key_file(path, material)
    return material


def write_key_file(path: Path, material: KeyMaterial, /) -> None:
    """The file is on disk, whole and with mode 0600, when this returns; a crash before that leaves no file of that name."""
    if path.exists():
        raise KeyFileError(f"{path}: there is already a key file, and it is never overwritten. Move it away if it is another workspace's")
    write_secrets(path, _HEADER, {"key": material.key, "pepper": material.pepper}, setting="stores.key_file")


def write_secrets(path: Path, header: str, secrets: Mapping[str, bytes], /, *, setting: str) -> None:
    """As `write_key_file`, a line each; `setting` is what names another place where this one cannot be written."""
    text = header + "".join(f"{name}: {base64.b64encode(secret).decode()}\n" for name, secret in secrets.items())
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except OSError as error:
        raise KeyFileError(f"{path}: the key file cannot be written ({error.strerror}). Choose another place with {setting}") from error
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def read_key_file(path: Path, /, *, key: str | None = None, pepper: str | None = None) -> KeyMaterial:
    """Key and pepper of the file. `key` and `pepper` in base64, such as the environment's, win over it; with both, no file is needed."""
    lines = {} if key and pepper else read_lines(path, "the workspace's key file", setting="stores.key_file")
    named = {"key": key, "pepper": pepper}
    values = {
        name: decode(given or lines.get(name), name, f"RAGKEEP_{name.upper()}" if given else str(path)) for name, given in named.items()
    }
    origin = " and ".join(dict.fromkeys(f"RAGKEEP_{name.upper()}" if given else str(path) for name, given in named.items()))
    return KeyMaterial(values["key"], values["pepper"], origin)


def read_lines(path: Path, what: str, /, *, setting: str) -> dict[str, str]:
    """The values of a key file by their names. `what` it is and the `setting` that says where are for the message where it is missing."""
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise KeyFileError(f"{path}: {what} is missing. Put it back from where it is kept, or say where with {setting}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(
            f"{path}: the key file cannot be read ({error}). It is a text file with a line for each key, such as `key: …`"
        ) from error
    pairs = (line.partition(":") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def decode(value: str | None, name: str, where: str, /, *, of: str = "this workspace") -> bytes:
    """The bytes of a value in base64; KeyFileError says what is wrong with it and `where`, and what was made with the right one."""
    remedy = f"Put back the {'value' if value else 'line'} that {of} was made with"
    if not value:
        raise KeyFileError(f"{where}: there is no `{name}: …` line. {remedy}")
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise KeyFileError(f"{where}: the {name} is not base64. {remedy}") from None
    if len(decoded) != LENGTH:
        raise KeyFileError(f"{where}: the {name} has {len(decoded)} bytes, not {LENGTH}. {remedy}")
    return decoded


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
