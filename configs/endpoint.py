"""Addresses that texts are sent to: which of them may stand in the settings, which are another machine, and where that is."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from contracts.terms import Jurisdiction

_LONGEST_HOST = 76
_CODE = re.compile(r"[A-Z]{2,3}(-[A-Z0-9]{1,3})?")
"""Both so short that the audit can name them together."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Another machine that texts are sent to."""

    host: str
    """With its port where one is stated."""
    located_in: str
    """The jurisdiction that it is in, "" where nobody stated it."""

    def __str__(self) -> str:
        return f"{self.host} in {self.located_in}" if self.located_in else self.host


def _coded(jurisdiction: str) -> str:
    if not _CODE.fullmatch(jurisdiction):
        raise ValueError("a jurisdiction is a code of two or three letters, as in ISO 3166, or EU; one within it follows a hyphen: US-CA")
    return jurisdiction


JurisdictionCode = Annotated[Jurisdiction, AfterValidator(_coded)]
"""A jurisdiction in the settings."""


def checked(url: str, /) -> str:
    """`url` without a slash at its end. ValueError where it holds a password or a query, or would send texts unencrypted elsewhere."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(parts.netloc) > _LONGEST_HOST:
        raise ValueError(f"not the address of an endpoint: https://HOST/v1, with a host of at most {_LONGEST_HOST} characters")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("an endpoint's address is https://HOST/v1 and nothing else; a token belongs into the file that token_file names")
    if parts.scheme == "http" and other_machine(url):
        raise ValueError("texts for another machine would be readable on the way: use https, or a tunnel that begins on this machine")
    return url.rstrip("/")


def other_machine(url: str, /) -> str:
    """The host, with its port where one is stated, "" where it is this machine: `localhost` or a loopback address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    return "" if here else parts.netloc
