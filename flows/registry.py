"""The sources of a workspace: those of the settings, and folders that somebody ingested by their path."""

import glob
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from configs.settings import SourceSettings
from contracts.errors import SettingsError, UsageError
from contracts.ids import Identity
from contracts.ports import Source
from contracts.terms import Classification, LawfulBasis, Terms
from ledger.sources import SourceRegistry
from sources.open import open_source
from sources.uris import uri_of

DEFAULT_TERMS = Terms(lawful_basis=LawfulBasis.NOT_PERSONAL, purposes=("retrieval",), classification=Classification.PUBLIC)
"""Terms of a folder that is ingested by its path alone, and said so."""
_FILE = "file-"
"""Begins the name of a source that is one file: its path may name a person, and names of sources stay in the record of runs."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Every source by its name."""

    configured: Mapping[str, SourceSettings]
    base: Path
    """The folder that relative paths of the settings start from."""
    own: tuple[Path, ...]
    """The workspace's folder, its key and its log of suppressions: no documents, wherever a source lies."""
    remembered: SourceRegistry
    identity: Identity
    visited: dict[str, SourceSettings] = field(default_factory=dict)
    """Known to this process alone."""

    def all(self) -> dict[str, SourceSettings]:
        """Settings by name; a configured source wins over one that is remembered under the same name."""
        remembered = {name: SourceSettings.model_validate(stored) for name, stored in self.remembered.all().items()}
        return {**self.visited, **remembered, **self.configured}

    def terms(self) -> dict[str, Terms]:
        """The terms of every source, by its name."""
        return {name: settings.terms for name, settings in self.all().items()}

    def open(self, name: str, /) -> Source:
        """The source itself. Raises SettingsError if its folder is missing."""
        settings = self.all()[name]
        folder = self.path(settings)
        if folder == self.own[0]:
            raise SettingsError(f"sources.{name}.path: {folder} is the workspace itself. Keep documents in a folder of their own")
        ours = tuple(f"/{glob.escape(uri_of(path.relative_to(folder).as_posix()))}" for path in self.own if folder in path.parents)
        leave = (*settings.exclude, *ours, *(f"{pattern}/" for pattern in ours))
        return open_source(name, settings.model_copy(update={"exclude": leave}), self.base)

    def passwords(self, name: str, /) -> tuple[str, ...]:
        """Those of the source's password file, in its order; none without one, or of a source that is no more. Raises SettingsError."""
        settings = self.all().get(name)
        if settings is None or settings.password_file is None:
            return ()
        path = self.base / settings.password_file.expanduser()
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"sources.{name}.password_file: {path} cannot be read. Put one password a line there, or unset the setting"
            ) from error
        return tuple(line for line in lines if line)

    def path(self, settings: SourceSettings, /) -> Path:
        """The absolute folder of a source."""
        return (self.base / settings.path.expanduser()).resolve()


def choose(
    registry: Registry, target: str | None, /, *, remember: bool = True, say: Callable[[str], None] | None = None
) -> tuple[str, ...]:
    """The names of the sources that `target` means: all if None, a source by name, or a path, which gets open terms.

    A path is remembered for later runs, or, without `remember`, known to this process alone, and nothing is written.
    """
    sources = registry.all()
    if target is None:
        if not sources:
            raise UsageError("no source: name one in ragkeep.yaml (ragkeep init writes it), or say which folder: ragkeep ingest PATH")
        return tuple(sources)
    if target in sources:
        return (target,)
    path = Path(target).resolve()
    if not path.exists():
        known = ", ".join(sources) or "none"
        raise UsageError(f"{target}: neither a source (known: {known}) nor a file or folder that exists")
    name = next((name for name, settings in sources.items() if registry.path(settings) == path and settings.include == ("**/*",)), None)
    return (name or _add(registry, path, remember=remember, say=say),)


def _add(registry: Registry, path: Path, *, remember: bool, say: Callable[[str], None] | None) -> str:
    settings = _open_settings(path)
    folder = settings.path
    for name, configured in registry.configured.items():
        there = registry.path(configured)
        if there == folder or there in folder.parents or folder in there.parents:
            raise UsageError(f"{path}: overlaps source `{name}` ({there}), whose terms would be lost. Run: ragkeep ingest {name}")
    name = str(path) if path.is_dir() else _FILE + registry.identity.content("source", str(path))[:16]
    if remember:
        registry.remembered.put(name, settings.model_dump(mode="json", exclude_none=True))
    else:
        registry.visited[name] = settings
    if say:
        say(f"{path}: a source of its own, with open terms (public, not personal, for retrieval); name it in ragkeep.yaml to set others")
    return name


def drop_files(registry: Registry, held: Collection[str], /) -> None:
    """Of files that were ingested by their path, those that hold nothing any more are no sources: even their names are forgotten."""
    for name in registry.remembered.all():
        if name.startswith(_FILE) and name not in held:
            registry.remembered.remove(name)


def _open_settings(path: Path) -> SourceSettings:
    """A folder with all that is in it, or one file of its folder and nothing below."""
    try:
        if path.is_dir():
            return SourceSettings(path=path, terms=DEFAULT_TERMS)
        return SourceSettings(path=path.parent, include=(f"/{glob.escape(uri_of(path.name))}",), exclude=("*/",), terms=DEFAULT_TERMS)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
