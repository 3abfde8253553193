"""Tokens of other services, which stand in files of their own and never in the settings."""

from pathlib import Path

from contracts.errors import SettingsError


def read_token(path: Path, setting: str, /, *, in_header: bool = False) -> str:
    """The only thing in the file. SettingsError names the setting and the file, and never what is in it.

    `in_header`: it must be fit to stand in one of HTTP's headers.
    """
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{setting}: {path} cannot be read. Put the token there, or unset the setting.") from error
    if not (token.isprintable() and token) or (in_header and (" " in token or not token.isascii())):
        raise SettingsError(f"{setting}: {path} must hold the token in one line and nothing else.")
    return token
