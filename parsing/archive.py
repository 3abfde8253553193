"""Archives (ZIP, TAR, gzip, bzip2, xz): what they hold, judged by what they say of themselves before anything is unpacked."""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import IO, Any

from contracts.results import Failure
from parsing.holding import Entry, Holding, Limits, too_large, too_many

CONTENTS = b"%ragkeep archive contents\n\n"
"""Begins what is kept of an archive itself once its members are documents of their own: their names, a paragraph each."""
_MAX_RATIO = 200
_SMALL = 50_000_000
"""An archive that unpacks to less may do so from as little as it likes."""
_LONGEST_NAME = 1_000
"""Characters: with some levels of archives around it a place still fits the index."""
_LOCKED, _UTF8 = 0x1, 0x800
"""Flags of a member of a ZIP archive."""
_UNREADABLE = "Pack it again with another program, or put the file itself beside the archive."
_CORRUPT = Failure(
    "archive.corrupt", "an archive that is cut off, or of which a part cannot be read", "Fetch the archive again, or pack it anew."
)
_ENCRYPTED = Failure(
    "archive.encrypted", "locked with a password", "Pack it without a password, or put the file itself beside the archive."
)
_NO_FILE = Failure("archive.not_a_file", "a link or a device, which holds no text", "Nothing, if the file that it means is there too.")
_UNSAFE = Failure(
    "archive.unsafe_name",
    "a name that leads out of the archive, or is none",
    "Check where the archive comes from; pack it anew with plain names if it is honest.",
)
_STREAMS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda packed: gzip.GzipFile(fileobj=packed),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_FAULTS = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, ValueError, OSError, RuntimeError)
"""What the standard library raises over a broken archive; `NotImplementedError` is a `RuntimeError`."""


def is_archive(content: bytes, /) -> bool:
    """Whether the bytes are those of an archive other than ZIP, whose format others share."""
    return _is_tar(content) or any(content.startswith(magic) for magic in _STREAMS)


def open_archive(content: bytes, name: str, limits: Limits, /) -> Holding | Failure:
    """The archive's members, none of them unpacked, and the list of their names; a Failure where it is corrupt or beyond its limits."""
    try:
        opened = _open(content, name, limits)
        if isinstance(opened, Failure):
            return opened
        unpacked = sum(entry.size for entry in opened)
    except _FAULTS:
        return _CORRUPT
    if unpacked > max(_SMALL, _MAX_RATIO * len(content)):
        return too_large(unpacked, len(content))
    return Holding(CONTENTS + "\n\n".join(" ".join(entry.path.split()) for entry in opened).encode("utf-8", "replace"), opened)


def _open(content: bytes, name: str, limits: Limits) -> list[Entry] | Failure:
    if content.startswith(b"PK"):
        return _zip(content)
    for magic, reader in _STREAMS.items():
        if content.startswith(magic):
            most = min(limits.bytes, max(_SMALL, _MAX_RATIO * len(content)))
            with reader(io.BytesIO(content)) as stream:
                unpacked = stream.read(most + 1)
            if len(unpacked) > most:
                return too_large(len(unpacked), len(content))
            return _tar(unpacked, limits) if _is_tar(unpacked) else [_alone(unpacked, name)]
    return _tar(content, limits)


def _zip(content: bytes) -> list[Entry] | Failure:
    """Of an archive that is cut off the last list of members may be that of an archive within it, whose members do not begin at its own."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    if min((member.header_offset for member in archive.infolist()), default=0):
        return _CORRUPT
    members = [member for member in archive.infolist() if not member.is_dir()]
    raw = [one.orig_filename.encode("utf-8" if one.flag_bits & _UTF8 else "cp437", "replace") for one in members]
    names = [name.replace("\\", "/") for name in _names(raw)]
    return [
        Entry(_label(name), member.file_size, _reader(archive.read, member), _zip_problem(member) or _name_problem(name))
        for member, name in zip(members, names, strict=True)
    ]


def _zip_problem(member: zipfile.ZipInfo) -> Failure | None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind and not stat.S_ISREG(kind):
        return _NO_FILE
    return _ENCRYPTED if member.flag_bits & _LOCKED else None


def _tar(content: bytes, limits: Limits) -> list[Entry] | Failure:
    """Read to its end: where the headers stop before the end mark, the archive is cut off, and its other members are unknown."""
    archive = tarfile.TarFile.open(fileobj=io.BytesIO(content), mode="r:", encoding="utf-8", errors="surrogateescape")
    members = []
    for member in archive:
        members += [] if member.isdir() else [member]
        if len(members) > limits.files:
            return too_many(len(members))
    if content[archive.offset : archive.offset + tarfile.BLOCKSIZE].strip(b"\0"):
        return _CORRUPT
    names = _names([member.name.encode("utf-8", "surrogateescape") for member in members])
    return [
        Entry(
            _label(name),
            member.size if member.isreg() else 0,
            _reader(lambda one: _read_member(archive, one), member),
            (None if member.isreg() else _NO_FILE) or _name_problem(name),
        )
        for member, name in zip(members, names, strict=True)
    ]


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""


def _alone(content: bytes, name: str) -> Entry:
    """The one file of a stream that is no TAR: named as the stream, without the ending that says how it was packed."""
    plain = PurePosixPath(name.replace("\0", "")).stem or "unnamed"
    return Entry(plain, len(content), lambda: content, None)


def _reader(read: Callable[[Any], bytes], member: object) -> Callable[[], bytes | Failure]:
    def content() -> bytes | Failure:
        try:
            return read(member)
        except MemoryError:
            raise
        except Exception as error:  # Whatever one member is made of, the others are read.
            return Failure("archive.unreadable", f"cannot be unpacked ({type(error).__name__})", _UNREADABLE)

    return content


def _is_tar(content: bytes) -> bool:
    return content[257:262] == b"ustar"


def _names(raw: Sequence[bytes]) -> list[str]:
    """As UTF-8; those that are not, all together by the likeliest of the code pages that archives are written with."""
    foreign = [name for name in raw if not _is_utf8(name)]
    encoding = _guess(foreign)
    return [name.decode("utf-8" if _is_utf8(name) else encoding, "replace") for name in raw]


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_CODE_PAGES = ["cp1258", "cp437", "cp850", "cp866", "cp1252", "cp1250", "cp1251", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"]


def _guess(names: Sequence[bytes]) -> str:
    if not names:
        return "utf-8"
    from charset_normalizer import from_bytes

    best = from_bytes(b"\n".join(names), cp_isolation=_CODE_PAGES).best()
    return best.encoding if best else "cp437"


def _label(name: str) -> str:
    plain = "/".join(_parts(name))
    return plain[:_LONGEST_NAME] or "unnamed"


def _parts(name: str) -> Iterator[str]:
    return (part for part in name.split("/") if part not in ("", "."))


def _name_problem(name: str) -> Failure | None:
    parts = list(_parts(name))
    leads_out = name.startswith("/") or ".." in parts or (len(name) > 1 and name[1] == ":" and name[0].isalpha())
    return _UNSAFE if leads_out or not parts or "\0" in name or len(name) > _LONGEST_NAME else None
