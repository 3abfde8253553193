"""Events tell counts, names of flows and ids; neither a log line nor the ledger knows what a document says or whom it is about."""

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from front_door import SETTINGS, Site, write

from flows.notify import close_notifier, open_notifier

PERSON = "Wilhelmina Okonkwo-Brandt"
CANARY = "the marmalade heron nests behind the observatory"


def tell(folder: Path, webhook: str | None, *events: str) -> list[dict[str, object]]:
    """The lines of the log once the events were told."""
    log = folder / "logs" / "ragkeep.jsonl"
    notifier = open_notifier(log, webhook)
    for event in events:
        notifier.notify(event, documents=3, where=Path("x"))
    close_notifier(log)
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A webhook on this machine, and what it was told."""
    told: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204 if len(told) == 1 else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", told
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_event_is_a_json_line_and_a_post_of_the_same_fields(tmp_path: Path, receiver: tuple[str, list[dict[str, object]]]) -> None:
    url, told = receiver
    (line,) = tell(tmp_path, url, "run.done")
    assert told == [{"event": "run.done", "documents": 3, "where": "x"}]
    assert line.items() >= {"event": "run.done", "documents": 3, "where": "x", "level": "info"}.items()
    assert line.keys() == {"at", "level", "event", "documents", "where"}


def test_a_receiver_that_refuses_is_logged_and_costs_nothing(tmp_path: Path, receiver: tuple[str, list[dict[str, object]]]) -> None:
    url, told = receiver
    lines = tell(tmp_path, url, "first", "second")
    assert len(told) == 2
    assert [line["event"] for line in lines] == ["first", "second", "notify.failed"]
    assert lines[-1]["level"] == "warning"


@pytest.mark.parametrize(
    "answer", [None, b"", b"this is no HTTP\r\n\r\n", b"HTTP/1.1 2x4 what\r\n\r\n", b"HTTP/1.1 307 Go\r\nLocation: http://[oops\r\n\r\n"]
)
def test_a_receiver_that_is_away_or_talks_nonsense_is_logged_and_costs_nothing(tmp_path: Path, answer: bytes | None) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        if answer is not None:
            listening.listen()
            threading.Thread(target=_answer_once, args=(listening, answer), daemon=True).start()
        lines = tell(tmp_path, url, "run.done")
    assert [line["event"] for line in lines] == ["run.done", "notify.failed"]


@pytest.mark.parametrize("url", ["http://", "http://[oops/", "http://host name/", "http://127.0.0.1:99999/"])
def test_a_webhook_that_is_no_address_is_logged_and_costs_nothing(tmp_path: Path, url: str) -> None:
    assert [line["event"] for line in tell(tmp_path, url, "run.done")] == ["run.done", "notify.failed"]


@pytest.mark.slow
def test_a_receiver_that_never_ends_its_answer_is_left_after_a_few_seconds(tmp_path: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        threading.Thread(target=_drip, args=(listening,), daemon=True).start()
        started = time.monotonic()
        lines = tell(tmp_path, f"http://127.0.0.1:{listening.getsockname()[1]}/", "run.done")
    assert time.monotonic() - started < 15
    assert [line["event"] for line in lines] == ["run.done", "notify.failed"]


def test_no_log_line_nor_the_ledger_knows_what_a_document_says_or_whom_it_is_about(tmp_path: Path) -> None:
    site = Site(tmp_path / "keep")
    write(site.home / "ragkeep.yaml", SETTINGS)
    write(site.home / "handbook" / "other.txt", "The lift is inspected in May.")
    name = f"{PERSON} file.txt"
    write(site.home / "staff" / name, f"{PERSON} told us that {CANARY}. Nobody else knows this.")
    write(site.home / "staff" / f"{name}.meta.yaml", f"subjects: ['{PERSON}']\ntitle: About {PERSON}\nowner: {PERSON}\n")
    write(site.home / "staff" / f"{PERSON}.pdf", f"%PDF-1.4 {CANARY}")
    write(site.home / "staff" / f"{PERSON} terms.txt", CANARY)
    write(site.home / "staff" / f"{PERSON} terms.txt.meta.yaml", f"lawful_basis: {PERSON}\n")
    said = ""
    for command in (
        ("consent", "grant", "--subject", PERSON, "--evidence", PERSON, "--json"),
        ("ingest", "--json"),
        ("search", CANARY, "--as", "guest", "--json"),
        ("search", CANARY, "--as", "alice", "--json"),
        ("consent", "withdraw", "--subject", PERSON, "--json"),
        ("ingest",),
        ("status", "--json"),
        ("erase", "--subject", PERSON, "--yes", "--json"),
        ("reconcile", "--json"),
    ):
        outcome = site.run(*command)
        assert outcome.code == 0, outcome.err
        said += outcome.err if "alice" in command else outcome.out + outcome.err
    for what in (PERSON, CANARY):
        for spelling in (what, json.dumps(what), what.casefold()):
            assert spelling not in said
            log = (site.home / "logs" / "ragkeep.jsonl").read_text(encoding="utf-8")
            assert spelling not in log
            for file in ("ledger.sqlite", "keys.sqlite", "vectors.sqlite"):
                assert spelling.encode() not in (site.home / file).read_bytes(), file
                with sqlite3.connect(site.home / file) as database:
                    assert spelling not in "\n".join(database.iterdump()), file
                database.close()
            assert spelling.encode() not in site.home.with_name("keep.suppressions.jsonl").read_bytes()
    events = [json.loads(line) for line in log.splitlines()]
    assert {event["event"] for event in events} == {"run.done"}
    assert {event["flow"] for event in events} == {"ingest", "erase", "reconcile"}


def _answer_once(listening: socket.socket, answer: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)


def _drip(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            for number in range(30):
                connection.sendall(f"X-{number}: still here\r\n".encode())
                time.sleep(1)
        except OSError:
            pass
