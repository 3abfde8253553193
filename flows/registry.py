"""The sources of a workspace: those of the settings, and folders that somebody ingested by their path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from configs.settings import SourceSettings
from contracts.errors import SettingsError, UsageError
from contracts.ports import Source
from contracts.terms import Classification, LawfulBasis, Terms
from ledger.sources import SourceRegistry
from sources.open import open_source

DEFAULT_TERMS = Terms(lawful_basis=LawfulBasis.NOT_PERSONAL, purposes=("retrieval",), classification=Classification.PUBLIC)
"""Terms of a folder that is ingested by its path alone, and said so."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Every source by its name."""

    configured: Mapping[str, SourceSettings]
    base: Path
    """The folder that relative paths of the settings start from."""
    remembered: SourceRegistry

    def all(self) -> dict[str, SourceSettings]:
        """Settings by name; a configured source wins over one that is remembered under the same name."""
        return {**{name: SourceSettings.model_validate(stored) for name, stored in self.remembered.all().items()}, **self.configured}

    def terms(self) -> dict[str, Terms]:
        """The terms of every source, by its name."""
        return {name: settings.terms for name, settings in self.all().items()}

    def open(self, name: str, /) -> Source:
        """The source itself. Raises SettingsError if its folder is missing."""
        return open_source(name, self.all()[name], self.base)

    def path(self, settings: SourceSettings, /) -> Path:
        """The absolute folder of a source."""
        return (self.base / settings.path).resolve()


def choose(registry: Registry, target: str | None, /, *, say: Callable[[str], None] | None = None) -> tuple[str, ...]:
    """The names of the sources that `target` means: all if None, a source by name, or a path, which is remembered with open terms."""
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
    return (name or _remember(registry, path, say),)


def _remember(registry: Registry, path: Path, say: Callable[[str], None] | None) -> str:
    folder, include = (path, ("**/*",)) if path.is_dir() else (path.parent, (path.name,))
    for name, settings in registry.configured.items():
        there = registry.path(settings)
        if there == folder or there in folder.parents or folder in there.parents:
            raise UsageError(f"{path}: overlaps source `{name}` ({there}), whose terms would be lost. Run: ragkeep ingest {name}")
    try:
        settings = SourceSettings(path=folder, include=include, terms=DEFAULT_TERMS)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
    registry.remembered.put(str(path), settings.model_dump(mode="json", exclude_none=True))
    if say:
        say(f"{path}: a source of its own, with open terms (public, not personal, for retrieval); name it in ragkeep.yaml to set others")
    return str(path)
