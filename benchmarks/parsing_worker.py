"""One process that reads files one after another and says what each cost: `python -m benchmarks.parsing_worker stock|quick|ours < paths`.

`stock` is `unstructured.partition.auto.partition` with the installed language model; `quick` the same with the quick classification; `ours`
all that parsing does for a file, coverage and language included. Prints a JSON line a file; loading is not counted.
"""

import contextlib
import io
import json
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

Answer = list[dict[str, Any]]


def main(how: str) -> None:
    """Read the paths of stdin."""
    warnings.simplefilter("ignore")
    read = {"stock": _stock, "quick": _quick, "ours": _ours}[how]()
    with contextlib.redirect_stdout(sys.stderr):
        for path in _SAMPLES:
            with contextlib.suppress(Exception):
                read(path, _SAMPLES[path])
    for path in sys.stdin.read().splitlines():
        content = Path(path).read_bytes()
        before = _seconds()
        try:
            with contextlib.redirect_stdout(sys.stderr):
                elements, failure = read(path, content), None
        except Exception as error:
            elements, failure = [], type(error).__name__
        print(json.dumps({"path": path, "seconds": _seconds() - before, "elements": elements, "failure": failure}), flush=True)


_SAMPLES = {
    "a.txt": b"A river runs through the town. Its bridge was built by the town's own masons.",
    "a.html": b"<html><body><p>A river runs through the town.</p><table><tr><td>1</td><td>2</td></tr></table></body></html>",
    "a.md": b"# A river\n\nIt runs through the town.",
    "a.csv": b"a,b\n1,2\n",
}
"""Read once before anything is measured, so that nobody pays for what is loaded at the first use."""


def _seconds() -> float:
    """Processor time of this process and of what it started."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _stock() -> Callable[[str, bytes], Answer]:
    from parsing.libraries import _use_installed_model

    _use_installed_model()
    return _partition()


def _quick() -> Callable[[str, bytes], Answer]:
    from parsing.libraries import _use_installed_model
    from parsing.quick_text import install

    sys.modules["torch"] = None  # type: ignore[assignment]
    _use_installed_model()
    assert install(), "the quick classification does not stand in: is another version installed?"
    return _partition()


def _partition() -> Callable[[str, bytes], Answer]:
    from unstructured.partition.auto import partition

    def read(path: str, content: bytes) -> Answer:
        elements = partition(file=io.BytesIO(content), metadata_filename=path, strategy="fast")
        return [{"kind": one.category, "text": one.text, "html": one.metadata.text_as_html} for one in elements]

    return read


def _ours() -> Callable[[str, bytes], Answer]:
    from parsing.libraries import load
    from parsing.read import read as read_file
    from parsing.reading import How

    load(pdf=True)

    def read(path: str, content: bytes) -> Answer:
        answer = read_file(content, path, How())
        if "failure" in answer:
            raise ValueError(answer["failure"][0])
        return [{"kind": one.kind, "text": one.text, "html": one.html} for one in answer["elements"]]

    return read


if __name__ == "__main__":
    main(sys.argv[1])
