"""Documents in a folder of this machine."""

import logging
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from configs.settings import SourceSettings
from contracts.errors import DocumentUnavailable, SettingsError, Vanished
from contracts.ports import Listed
from contracts.results import Failure
from sources.globs import folders_of, matcher
from sources.manifest import Stated, read_manifest
from sources.statements import merged_terms, read_sidecar, unreadable_terms
from sources.uris import plain_uri_of, uri_of
from sources.walk import Found, is_inside, walk

_log = logging.getLogger(__name__)
_SIDECARS = (".meta.yaml", ".meta.yml")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FolderSource:
    """The port `Source` over a folder: what is on disk while it lists, ordered by uri."""

    name: str
    settings: SourceSettings
    root: Path
    _paths: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The way back from a uri to the name on disk; filled by listing, so nothing outside the root can be read."""

    def __post_init__(self) -> None:
        if not self.root.is_dir():
            raise SettingsError(f"sources.{self.name}.path: folder does not exist: {self.root}")

    def list(self) -> Iterator[Listed]:
        """Raises StoreUnavailable where the listing would not be complete, SettingsError where the manifest cannot be trusted."""
        files = self._scan()
        manifest, manifest_path = self._manifest()
        sidecars = _sidecars(files.values())
        include, exclude = matcher(self.settings.include), matcher(self.settings.exclude)
        if unused := len(manifest.keys() - files.keys()):
            _log.warning("source %s: %d rows of its manifest name no file", self.name, unused)
        for uri, found in sorted(files.items()):
            is_document = found.path != manifest_path and not found.path.endswith(_SIDECARS)
            if is_document and found.status and include(uri) and not exclude(uri):
                yield self._listed(uri, found.path, found.status, self._terms(uri, found.path, manifest, sidecars))

    def read(self, uri: str, /) -> bytes:
        """The bytes as they are now. Raises Vanished where the file is gone, DocumentUnavailable where it cannot be read."""
        if uri not in self._paths:
            self._scan()
        path = self.root / self._paths.get(uri, "")
        if uri not in self._paths or not is_inside(os.path.realpath(self.root), str(path)):
            raise Vanished(_vanished(uri))
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise Vanished(_vanished(uri)) from None
        except OSError as error:
            raise DocumentUnavailable(_unreadable(uri, error)) from None

    def _scan(self) -> dict[str, Found]:
        leave = matcher(folders_of(self.settings.exclude))
        files = _by_uri(walk(self.root, leave=lambda path: leave(uri_of(path))))
        self._paths.clear()
        self._paths.update({uri: found.path for uri, found in files.items() if found.status})
        return files

    def _manifest(self) -> tuple[Stated, str]:
        """What it states, and its own path from the root."""
        if self.settings.manifest is None:
            return {}, ""
        path = self.root / self.settings.manifest
        return read_manifest(path, key=f"sources.{self.name}.manifest"), os.path.relpath(path, self.root)

    def _terms(self, uri: str, path: str, manifest: Stated, sidecars: Mapping[str, Found]) -> dict[str, Any] | Failure:
        """What the manifest states, overridden key by key by the sidecar."""
        statements = [manifest[uri]] if uri in manifest else []
        for suffix in _SIDECARS:
            sidecar = sidecars.get(path + suffix) or sidecars.get(_nfc(path + suffix))
            if sidecar is None:
                continue
            said = self._read_sidecar(sidecar, uri + suffix)
            if isinstance(said, Failure):
                return said
            statements.append((said, uri + suffix))
        return merged_terms(statements)

    def _read_sidecar(self, sidecar: Found, where: str) -> dict[Any, Any] | Failure:
        if sidecar.status is None:
            return unreadable_terms(where, "is a link that leaves the source's folder or points nowhere")
        try:
            return read_sidecar((self.root / sidecar.path).read_bytes(), where)
        except OSError as error:  # gone meanwhile, too: it stated something a moment ago
            return unreadable_terms(where, f"cannot be read ({error.strerror})")

    def _listed(self, uri: str, path: str, status: os.stat_result, terms: dict[str, Any] | Failure) -> Listed:
        problem = terms if isinstance(terms, Failure) else None
        if not os.access(self.root / path, os.R_OK):
            problem = _unreadable(uri, PermissionError(13, os.strerror(13)))
        return Listed(
            uri=uri,
            size=status.st_size,
            stat=f"{status.st_size}:{status.st_mtime_ns}",
            modified_at=_moment(status.st_mtime_ns),
            terms={} if isinstance(terms, Failure) else terms,
            problem=problem,
        )


def _by_uri(files: Iterable[Found]) -> dict[str, Found]:
    """Of names that differ in their Unicode form alone, the one in NFC keeps the plain uri."""
    named: dict[str, Found] = {}
    for found in sorted(files, key=lambda found: (found.path != _nfc(found.path), found.path)):
        uri = uri_of(found.path)
        named[plain_uri_of(found.path) if uri in named else uri] = found
    return named


def _sidecars(files: Iterable[Found]) -> dict[str, Found]:
    """By their names on disk, and by those in NFC: a Mac may have written the one form and an editor the other."""
    exact = {found.path: found for found in files if found.path.endswith(_SIDECARS)}
    return {_nfc(path): found for path, found in exact.items()} | exact


def _nfc(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _moment(nanoseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:  # a disk may claim any year
        return datetime.max.replace(tzinfo=UTC) if nanoseconds > 0 else datetime.min.replace(tzinfo=UTC)


def _vanished(uri: str) -> Failure:
    return Failure(
        "source.vanished", f"{uri}: no longer in its source.", "Nothing to do: it counts as removed when the source is next listed."
    )


def _unreadable(uri: str, error: OSError) -> Failure:
    return Failure("source.unreadable", f"{uri}: {error.strerror or 'cannot be read'}.", "Make the file readable and ingest again.")
