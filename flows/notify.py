"""Notifiers: events as structured log lines, to a webhook, or to both. Fields are counts, names and ids, never content."""

import http.client
import json
import logging
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.ports import Notifier

_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class LogNotifier:
    """Writes each event as one JSON line."""

    logger: logging.Logger

    def notify(self, event: str, /, **fields: Any) -> None:
        """Log the event."""
        self.logger.info(event, extra={"fields": fields})


@dataclass(frozen=True, slots=True)
class WebhookNotifier:
    """Posts each event as a JSON object. A receiver that is away, or slow, is logged and costs a few seconds at most."""

    url: str
    logger: logging.Logger

    def notify(self, event: str, /, **fields: Any) -> None:
        """Post the event."""
        body = json.dumps({"event": event, **fields}, default=str).encode()
        faults = ["TimeoutError"]
        posting = threading.Thread(target=_post, args=(self.url, body, faults), daemon=True)
        posting.start()
        posting.join(_TIMEOUT_SECONDS)  # of the whole: that of a socket begins anew with each byte, and looking up a name has none
        for fault in faults:
            self.logger.warning("notify.failed", extra={"fields": {"of": event, "error": fault}})


def _post(url: str, body: bytes, faults: list[str]) -> None:
    """`faults` is empty once the receiver has taken it, else holds the kind of error."""
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310  the settings allow http(s) only
        urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()  # noqa: S310
        faults.clear()
    except (OSError, ValueError, http.client.HTTPException) as error:
        faults[:] = [type(error).__name__]


@dataclass(frozen=True, slots=True)
class Notifiers:
    """Tells all of them."""

    members: Sequence[Notifier]

    def notify(self, event: str, /, **fields: Any) -> None:
        """Pass the event on."""
        for member in self.members:
            member.notify(event, **fields)


@dataclass(slots=True)
class MemoryNotifier:
    """The twin: remembers what it was told."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def notify(self, event: str, /, **fields: Any) -> None:
        """Remember the event."""
        self.events.append((event, fields))


def open_notifier(log_file: Path, webhook: str | None, /) -> Notifier:
    """A notifier that logs to `log_file` and, if there is a webhook, posts there too."""
    logger = logging.getLogger(f"ragkeep.{log_file}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if not logger.handlers:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(log_file, encoding="utf-8", delay=True)
        handler.setFormatter(_JsonLines())
        logger.addHandler(handler)
    log = LogNotifier(logger)
    return Notifiers((log, WebhookNotifier(webhook, logger))) if webhook else log


def close_notifier(log_file: Path, /) -> None:
    """Close the log file that `open_notifier` opened."""
    logger = logging.getLogger(f"ragkeep.{log_file}")
    for handler in list(logger.handlers):
        handler.close()
        logger.removeHandler(handler)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        line = {"at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"), "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps(line | fields | line, default=str, ensure_ascii=False)
