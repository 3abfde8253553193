"""The main job on the sample corpus, command by command: ingest, search, erase a person, run again. `make demo` runs it.

Everything it makes lies in `.demo/`, which each run begins anew.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / ".demo"
RAGKEEP = [sys.executable, "-m", "ragkeep", "--workspace", str(DEMO / "workspace")]
QUESTIONS = (
    ("Can I keep a dog in my flat?", "guest"),
    ("Giá nước sinh hoạt một mét khối là bao nhiêu?", "guest"),
    ("How is a vaccine that may have frozen tested?", "binh"),
)
PERSON = "thuy.bui@members.bensen.example"
ABOUT_PERSON = ("goldsmith workbench", "binh")


def main() -> None:
    """Stops with an error, and says which promise was broken, if the demo does not show what it claims."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    say("A co-operative's documents, in ten formats and two languages, with the decisions of the people in them")
    show("consent", "import", "consents.csv")
    show("ingest")
    say("What could not be read is kept aside, with what to do about it")
    show("status", "--quarantined")
    say("Three questions, each by a reader who sees what their groups and clearance open")
    for question, reader in QUESTIONS:
        show("search", question, "--as", reader, "-k", "1")
    say(f"{PERSON} asks to be forgotten")
    found = {hit["document_id"] for hit in ask()}
    show("erase", "--subject", PERSON)
    show("erase", "--subject", PERSON, "--yes")
    left = ask()
    check(bool(found - {hit["document_id"] for hit in left}), "the erased person's documents are no longer found")
    check(not any("Bui Thanh Thuy" in hit["text"] for hit in left), "no hit names the erased person")
    say("Their bytes are still on the disk, until a purge frees those of all erasures at once, and proves it")
    show("purge")
    receipt, public_key = next((DEMO / "workspace.receipts").iterdir()), DEMO / "public.pem"
    public_key.write_text(run("audit", "key"))
    show("receipt", "verify", str(receipt), "--public-key", str(public_key))
    show("audit", "verify")
    say("The same files are still in the folder. A second run finds nothing to do, and does not bring the person back")
    again = json.loads(run("ingest", "--json"))
    show("ingest")
    check([again["embedded"], again["upserted"], again["deleted"]] == [0, 0, 0], "0 embedded, 0 upserted, 0 deleted")
    check(not any("Bui Thanh Thuy" in hit["text"] for hit in ask()), "the erased person stays forgotten")


def ask() -> list[dict[str, str]]:
    """What the reader who knew the person finds about them now."""
    question, reader = ABOUT_PERSON
    hits: list[dict[str, str]] = json.loads(run("search", question, "--as", reader, "-k", "10", "--json"))
    return hits


def show(*arguments: str) -> None:
    """Print a command and what it prints."""
    quoted = _short(" ".join(f'"{argument}"' if " " in argument else argument for argument in arguments))
    print(f"\033[1m$ ragkeep {quoted}\033[0m" if sys.stdout.isatty() else f"$ ragkeep {quoted}", flush=True)
    print(run(*arguments, quiet=False), flush=True)


def run(*arguments: str, quiet: bool = True) -> str:
    """What a command prints. On a terminal its progress bar shows, unless `quiet`."""
    environment = os.environ | {"COLUMNS": str(min(shutil.get_terminal_size().columns, 120))}
    done = subprocess.run(
        [*RAGKEEP, *arguments],
        cwd=ROOT / "samples",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"demo: ragkeep {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout if quiet else _short(done.stdout)


def _short(text: str) -> str:
    """Paths as they look from the project's folder."""
    return text.replace(str(DEMO), ".demo")


def say(sentence: str) -> None:
    """A line between two steps."""
    print(f"\n— {sentence}.\n", flush=True)


def check(holds: bool, promise: str) -> None:
    """Print the promise, or stop."""
    if not holds:
        raise SystemExit(f"demo: broken promise: {promise}")
    print(f"✓ {promise}", flush=True)


if __name__ == "__main__":
    main()
