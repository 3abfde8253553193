"""What `make demo` prints, kept in `docs/demo.txt`, so that the README shows what was really printed.

    python -m scripts.docs_transcript

runs the demo in a folder of its own and writes it anew.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

from scripts import demo
from scripts.docs_markdown import console

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "docs" / "demo.txt"
_COLUMNS = "100"


def main() -> None:
    """Write `docs/demo.txt`."""
    KEPT.write_text(record(), encoding="utf-8")


def record() -> str:
    """Run the demo, in its own folder, and return what it printed, without spaces at the ends of lines."""
    os.environ["COLUMNS"] = _COLUMNS  # the width is part of what is compared
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as printed:
        demo.DEMO = Path(folder) / "demo"
        demo.RAGKEEP = [sys.executable, "-m", "ragkeep", "--workspace", str(demo.DEMO / "workspace")]
        demo.main()
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines()) + "\n"


def excerpt(command: str, /, *, nth: int = 1, lines: int | None = None) -> str:
    """A console block: the `nth` command that begins so, and what it printed. Raises LookupError if the demo has no such command."""
    blocks = re.split(r"^(?=\$ |— |✓ )", KEPT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [block for block in blocks if block.startswith(f"$ ragkeep {command}")]
    if len(found) < nth:
        raise LookupError(f"{KEPT}: the demo does not run `ragkeep {command}` {nth} times")
    shown = found[nth - 1].rstrip().splitlines()
    return console("\n".join(shown[:lines] + (["   …"] if lines and len(shown) > lines else [])))


def shape(transcript: str, /) -> list[str]:
    """The transcript without what may differ from run to run: ids, seconds, counts and scores, and the texts of hits."""
    kept, in_hits = [], False
    for line in transcript.splitlines():
        if re.match(r"\$ |— |✓ ", line):
            in_hits = line.startswith("$ ragkeep search")
        if in_hits and not re.match(r"\$ |\d+\. ", line):
            continue
        words = re.sub(r"\b[0-9a-f]{16,32}\b", "ID", line)
        kept.append(" ".join(re.sub(r"\b\d+(\.\d+)?\b", "N", words).split()))
    return [line for line in kept if line]


if __name__ == "__main__":
    main()
