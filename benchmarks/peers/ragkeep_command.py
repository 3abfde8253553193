"""ragkeep through its command line, as people run it: Milvus Lite, SQLite and Delta in one workspace."""

import csv
import json
import os
import shutil
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import yaml

from benchmarks.peers.corpus import Fact, excluded, read_facts
from benchmarks.peers.embedder import write_model
from benchmarks.peers.port import EVERYTHING, Loaded, Tool

TOOL = Tool(
    packages=("ragkeep", "pymilvus", "milvus-lite"),
    store="workspace/index.db",
    thorough="reconcile --repair",
    preload=("torch", "sentence_transformers"),
)


class RagkeepCommand:
    """Settings, terms and consents are files on the user's side, made from the facts."""

    def __init__(self, state: Path, /) -> None:
        self._workspace = state / "workspace"

    def load(self, corpus: Path, /, *, thorough: bool = False) -> Loaded:
        _write_settings(corpus)
        consents = corpus / "consents.csv"
        _write_consents(consents, read_facts(corpus))
        self._run(corpus, "consent", "import", str(consents))
        if thorough:
            self._run(corpus, "reconcile", "--repair")
            return Loaded(0, None)
        done = self._run(corpus, "ingest")
        return Loaded(done["embedded"], done["upserted"] + done["deleted"])

    def erase(self, corpus: Path, person: str, /) -> bool:
        self._run(corpus, "erase", "--subject", person, "--yes", "--purge")
        return True

    def query(self, text: str, /) -> list[str]:
        hits = self._run(self._corpus(), "search", text, "--limit", str(EVERYTHING))
        return [hit["text"] for hit in hits]

    def cleanup(self) -> None:
        self._run(self._corpus(), "purge")

    def receipt(self) -> tuple[bool, bool] | None:
        [receipt] = self._workspace.with_name("workspace.receipts").glob("*.json")
        key = self._workspace.with_name("public.pem")
        key.write_text(self._call(self._corpus(), "audit", "key"), encoding="utf-8")
        elsewhere = self._workspace.parent.with_name("receipt.json")
        shutil.copy(receipt, elsewhere)
        whole = self._verifies(elsewhere, key)
        changed = bytearray(elsewhere.read_bytes())
        changed[len(changed) // 2] ^= 1
        elsewhere.write_bytes(changed)
        return whole, self._verifies(elsewhere, key)

    def _corpus(self) -> Path:
        return Path((self._workspace.with_name("corpus")).read_text(encoding="utf-8"))

    def _verifies(self, receipt: Path, key: Path) -> bool:
        return _command(receipt.parent, "receipt", "verify", str(receipt), "--public-key", str(key))[0] == 0

    def _run(self, corpus: Path, *arguments: str) -> Any:
        return json.loads(self._call(corpus, *arguments, "--json"))

    def _call(self, corpus: Path, *arguments: str) -> str:
        self._workspace.with_name("corpus").write_text(str(corpus), encoding="utf-8")
        code, printed = _command(corpus, "--workspace", str(self._workspace), *arguments)
        if code:
            raise RuntimeError(f"{' '.join(arguments)}: exit code {code}: {printed[-1500:]}")
        return printed


def build(state: Path, variant: str, /) -> RagkeepCommand:
    return RagkeepCommand(state)


_GRANTED = "2024-01-01T00:00:00Z"


def _command(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and stdout of the command line, run in a process forked for it, with no setting from the environment."""
    with TemporaryFile("w+", encoding="utf-8") as printed:
        child = os.fork()
        if not child:
            os.dup2(printed.fileno(), 1)
            os.chdir(folder)
            sys.argv = ["ragkeep", *arguments]
            for name in [name for name in os.environ if name.startswith("RAGKEEP_")]:
                del os.environ[name]
            os._exit(_run_main())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed.seek(0)
        return code, printed.read()


def _run_main() -> int:
    from ragkeep.cli import main

    try:
        main()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    return code


def _write_settings(corpus: Path) -> None:
    if not (corpus / "model").exists():
        write_model(corpus / "model")
    with (corpus / "terms.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["uri", "title", "subjects", "lawful_basis"])
        for uri, fact in read_facts(corpus).items():
            table.writerow([uri, fact.title, fact.person, "consent" if fact.person else "not_personal"])
    source = {
        "path": "documents",
        "manifest": "../terms.csv",
        "exclude": excluded(corpus),
        "terms": {"purposes": ["retrieval"], "classification": "public"},
    }
    settings = {"sources": {"letters": source}, "model": {"name": "model"}}
    (corpus / "ragkeep.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def _write_consents(path: Path, facts: dict[str, Fact]) -> None:
    """Adds what changed since the last run, at this moment."""
    said: dict[str, bool] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            said = {row["subject"]: row["state"] == "granted" for row in csv.DictReader(file)}
    wanted = {fact.person: fact.consent for fact in facts.values() if fact.person}
    changed = {person: given for person, given in wanted.items() if said.get(person) != given}
    moment = datetime.now(UTC).isoformat() if said else _GRANTED
    with path.open("a", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        if not said:
            table.writerow(["subject", "purpose", "state", "at"])
        table.writerows([person, "retrieval", "granted" if given else "withdrawn", moment] for person, given in changed.items())
