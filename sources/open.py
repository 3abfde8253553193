"""From a source's settings to the source."""

from pathlib import Path

from configs.settings import SourceSettings
from contracts.ports import Source
from sources.folder import FolderSource


def open_source(name: str, settings: SourceSettings, base: Path, /) -> Source:
    """The source that the settings describe; relative paths start at `base`. Raises SettingsError where it is not there."""
    return FolderSource(name, settings, base / settings.path.expanduser())
