"""How soon after a person's word no search returns what it was about, while searches go on without a pause.

As a program of its own it is the other process: it takes words from its standard input and records them in a workspace that is held.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from time import monotonic, sleep

import numpy as np

from benchmarks.people import letter, opened, person
from flows.ask import ask
from flows.consent import Word, record
from flows.erase import request_erasure
from flows.targets import Selector
from flows.workspace import Workspace

_THREADS = 2
_PATIENCE = 120
_QUESTION_WORDS = 48

Act = Callable[[int], tuple[float, float]]
"""Records the word of a person; when that was called, and when it was acknowledged, both by the machine's monotonic clock."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds until a text was surely gone: to the end of the first search without it after the last search with it."""

    what: str
    times: int
    p50: float
    p99: float
    most: float
    acknowledged_p50: float
    """From the call to its answer."""
    acknowledged_p99: float
    after_p50: float
    """From the answer of the call on; 0 where the text was gone before it."""
    after_p99: float
    searches: int
    late: int
    """Searches that began after the answer and returned the text: 0."""


@dataclass(frozen=True, slots=True)
class Search:
    """One answered question of one thread."""

    thread: int
    began: float
    ended: float
    returned: bool


@dataclass
class Load:
    """Threads that ask without a pause for a letter of one person."""

    workspace: Workspace
    searches: list[Search] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)
    target: int = 0
    stopped: bool = False

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask_on, args=(number,)) for number in range(_THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopped = True
            for thread in threads:
                thread.join()

    def wait(self, enough: Callable[[Search], bool]) -> None:
        """Until each thread has had such an answer."""
        until = monotonic() + _PATIENCE
        while {search.thread for search in list(self.searches) if enough(search)} != set(range(_THREADS)):
            if self.failed or monotonic() > until:
                raise RuntimeError(f"no such answer for {person(self.target)} in {_PATIENCE} s") from next(iter(self.failed), None)
            sleep(0.001)

    def _ask_on(self, thread: int) -> None:
        try:
            while not self.stopped:
                target, began = self.target, monotonic()
                question = " ".join(letter(target, 1).split()[:_QUESTION_WORDS])
                answer = ask(self.workspace, question, now=datetime.now(UTC))
                returned = any(hit.uri.startswith(f"{person(target)}/") for hit in answer.hits)
                if target == self.target:
                    self.searches.append(Search(thread, began, monotonic(), returned))
        except BaseException as error:
            self.failed.append(error)


def measure_waiting(root: Path, times: int, /, *, people: range) -> tuple[Waited, ...]:
    """Half of so many withdrawals in the process that searches and half in another, and a tenth as many erasures by another.

    `people` are those who still have something. Who withdrew agrees again afterwards, since there may be fewer people than withdrawals.
    """
    erased, words = max(5, times // 10), times // 2
    others = people[:-erased]
    with opened(root, now=datetime.now(UTC)) as workspace, _other_process(root) as other:

        def say(number: int, state: str) -> None:
            record(workspace, Word(person(number), "retrieval", state), now=datetime.now(UTC))

        def withdraw(number: int) -> tuple[float, float]:
            called = monotonic()
            say(number, "withdrawn")
            return called, monotonic()

        def agree(number: int) -> None:
            say(number, "granted")

        load = Load(workspace, target=people[0])
        with load.running():
            return (
                _waited("withdrawal, same process", load, withdraw, list(islice(cycle(others), words)), afterwards=agree),
                _waited("withdrawal, other process", load, other("withdraw"), list(islice(cycle(others), words)), afterwards=agree),
                _waited("erasure, other process", load, other("erase"), list(people[-erased:])),
            )


def _waited(what: str, load: Load, act: Act, numbers: list[int], afterwards: Callable[[int], None] = lambda _: None) -> Waited:
    waits, acknowledged, after, searches, late = [], [], [], 0, 0
    for number in numbers:
        load.target = number
        load.searches.clear()
        load.wait(lambda search: search.returned)
        called, answered = act(number)
        load.wait(lambda search: search.began > answered)  # noqa: B023
        seen = sorted(load.searches, key=lambda search: search.ended)
        last = max(place for place, search in enumerate(seen) if search.returned)
        gone = min(search.ended for search in seen[last + 1 :])
        waits.append(gone - called)
        acknowledged.append(answered - called)
        after.append(max(0.0, gone - answered))
        searches += len(seen)
        late += sum(search.returned and search.began > answered for search in seen)
        afterwards(number)
    p50, p99 = np.percentile([waits, acknowledged, after], [50, 99], axis=1).round(4).tolist()
    return Waited(
        what=what,
        times=len(numbers),
        p50=p50[0],
        p99=p99[0],
        most=round(max(waits), 4),
        acknowledged_p50=p50[1],
        acknowledged_p99=p99[1],
        after_p50=p50[2],
        after_p99=p99[2],
        searches=searches,
        late=late,
    )


@contextmanager
def _other_process(root: Path) -> Iterator[Callable[[str], Act]]:
    """Makes acts that happen in a process that shares the workspace, as the command line does while another holds it."""
    command = [sys.executable, "-m", "benchmarks.withdrawal", str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said, answers = process.stdin, process.stdout
        assert said is not None
        assert answers is not None

        def acting(what: str) -> Act:
            def act(number: int) -> tuple[float, float]:
                said.write(f"{what} {number}\n")
                said.flush()
                called, answered = answers.readline().split()
                return float(called), float(answered)

            return act

        yield acting
        said.close()


def main() -> None:
    """Lines `withdraw NUMBER` or `erase NUMBER` in, lines with two moments out."""
    root = Path(sys.argv[1])
    for line in sys.stdin:
        what, number = line.split()
        called, now = monotonic(), datetime.now(UTC)
        with opened(root, now=now, shared=True) as workspace:
            if what == "erase":
                request_erasure(workspace, Selector("subject", person(int(number))), now=now)
            else:
                record(workspace, Word(person(int(number)), "retrieval", "withdrawn"), now=now)
        print(called, monotonic(), flush=True)


if __name__ == "__main__":
    main()
