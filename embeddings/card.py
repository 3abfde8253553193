"""What a model's card says of the model."""

from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import yaml


def licence_of(name: str, folder: Path, /) -> str:
    """The licence that the model's card or package states, "" where neither does. A statement of whoever published it, not checked."""
    card = folder / "README.md"
    parts = card.read_text(encoding="utf-8").split("---", 2) if card.is_file() else []
    stated = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
    if isinstance(stated, dict) and stated.get("license"):
        return str(stated["license"])
    try:
        package = metadata(name).json
    except (PackageNotFoundError, ValueError):
        return ""
    return str(package.get("license_expression") or package.get("license") or "")
