"""An endpoint on this machine: it embeds by hashed words, and misbehaves as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from embeddings.memory import HashEmbedder

Answer = tuple[int, dict[str, str], Any]
"""Status, headers and what becomes the JSON of the body."""


@dataclass
class EndpointServer:
    """Requests as they came, headers beside them; `answers` are given first, one a request."""

    url: str
    dimensions: int
    asked: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    alter: Callable[[dict[str, Any]], Any] = lambda answer: answer

    @property
    def texts(self) -> list[str]:
        return [text for question, _ in self.asked for text in question["input"]]

    def answer(self, question: dict[str, Any], headers: dict[str, str]) -> Answer:
        self.asked.append((question, headers))
        if self.answers:
            return self.answers.pop(0)
        vectors = HashEmbedder(self.dimensions, 100_000).embed_documents(question["input"])
        data = [{"object": "embedding", "index": place, "embedding": vector.tolist()} for place, vector in enumerate(vectors)]
        return 200, {}, self.alter({"object": "list", "data": data[::-1], "model": question["model"]})


@contextmanager
def serving_at_loopback(dimensions: int) -> Iterator[EndpointServer]:
    """A server in a thread, gone when the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, body = server.answer(question | {"path": self.path}, dict(self.headers))
            self.send_response(status)
            content = json.dumps(body).encode()
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server = EndpointServer(f"http://127.0.0.1:{listening.server_address[1]}/v1", dimensions)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
