"""Addresses that texts are sent to: which of them may stand in the settings, and which are another machine."""

import ipaddress
from urllib.parse import urlsplit

_LONGEST_HOST = 80
"""So that it fits the audit."""


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
