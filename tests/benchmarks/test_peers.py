"""The comparison with other tools: its documents, its embedder, its verdicts. No other tool is needed."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import corpus, script
from benchmarks.peers.compare import COLUMNS
from benchmarks.peers.embedder import DIMENSIONS, embed, write_model
from benchmarks.peers.port import Loaded, Tool
from benchmarks.peers.report import observations, verdicts
from benchmarks.peers.rig import Column, Rig
from configs.model import ModelSettings
from embeddings.describe import describe
from embeddings.identify import identify
from embeddings.model import SentenceEmbedder


class Folder(Rig):
    """A twin of a tool that serves whatever its state holds: texts by uri in one JSON file, without any process."""

    remembers = False
    """Whether it forgets for ever whom it erased."""

    def load(self, *, thorough: bool = False) -> Loaded:
        held, gone = self._held(), self._gone()
        source = self.corpus / "documents"
        facts, left_out = corpus.read_facts(self.corpus), corpus.excluded(self.corpus)
        found = {
            path.relative_to(source).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(source.rglob("*.*"))
            if path.relative_to(source).as_posix() not in left_out
        }
        wanted = {uri: text for uri, text in found.items() if facts[uri].consent and facts[uri].person not in gone}
        self._hold(wanted)
        changed = len(set(wanted.items()) ^ set(held.items()))
        return Loaded(self._newly_embedded(wanted), changed)

    def erase(self, person: str, /) -> bool:
        facts = corpus.read_facts(self.corpus)
        self._hold({uri: text for uri, text in self._held().items() if facts[uri].person != person})
        if self.remembers:
            (self.state / "gone.json").write_text(json.dumps([*self._gone(), person]))
        return True

    def served(self, *, naming: str = "") -> list[str]:
        return sorted(text for text in self._held().values() if naming in text)

    def cleanup(self) -> None:
        return None

    def receipt(self) -> tuple[bool, bool] | None:
        return (True, False) if self.remembers else None

    def timed_load(self) -> float:
        self.load()
        return 0.0

    def load_and_kill(self, after: float, /) -> bool:
        return True

    def _newly_embedded(self, texts: dict[str, str]) -> int:
        """A cache of embeddings, by digests."""
        kept = self.state / "embedded.json"
        known = set(json.loads(kept.read_text())) if kept.exists() else set()
        new = {sha256(text.encode()).hexdigest() for text in texts.values()} - known
        kept.write_text(json.dumps(sorted(known | new)))
        return len(new)

    def _held(self) -> dict[str, str]:
        kept = self.store / "held.json"
        found: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
        return found

    def _hold(self, texts: dict[str, str]) -> None:
        self.store.mkdir(exist_ok=True)
        (self.store / "held.json").write_text(json.dumps(texts, sort_keys=True))

    def _gone(self) -> list[str]:
        kept = self.state / "gone.json"
        found: list[str] = json.loads(kept.read_text()) if kept.exists() else []
        return found


class Forgetful(Folder):
    remembers = True


def rig(kind: type[Folder], folder: Path) -> Folder:
    made = kind(Column("twin", "none"), Tool((), "store"), folder)
    made.begin()
    made.load()
    return made


@pytest.mark.parametrize("name", script.TESTS)
def test_a_tool_that_forgets_passes_every_test(name: str, tmp_path: Path) -> None:
    outcome = script.TESTS[name](rig(Forgetful, tmp_path))
    if name == "bytes_gone":
        assert outcome == script.Outcome("fail", outcome.evidence), "the list of whom it forgot names them"
        assert outcome.evidence.startswith("erased by its call: 1 hits in 3 files")
    else:
        assert outcome.verdict == "pass", outcome.evidence


def test_a_tool_that_forgets_whom_it_erased_fails_where_the_files_still_lie(tmp_path: Path) -> None:
    assert script.erased(rig(Folder, tmp_path / "a")).verdict == "fail"
    assert script.dropped_again(rig(Folder, tmp_path / "b")).verdict == "fail"
    assert script.bytes_gone(rig(Folder, tmp_path / "c")).verdict == "pass"
    assert script.receipt(rig(Folder, tmp_path / "d")).verdict == "not offered"


def test_a_text_that_is_there_twice_is_one_too_many() -> None:
    assert script._difference(["a", "a", "b"], ["a", "b", "c"]) == (1, 1)


def test_every_canary_stands_where_it_should_and_nowhere_else(tmp_path: Path) -> None:
    corpus.write_corpus(tmp_path)
    files = {path.relative_to(tmp_path / "documents").as_posix(): path.read_text() for path in (tmp_path / "documents").rglob("*.*")}
    facts = corpus.read_facts(tmp_path)
    assert set(files) == set(facts)
    for number in range(corpus.PEOPLE):
        name, told, filed, titled = corpus.person(number).canaries
        about = set(corpus.letters(number))
        assert {uri for uri, text in files.items() if told in text} == about
        assert {uri for uri in files if filed in uri} == about
        assert {uri for uri, fact in facts.items() if titled in fact.title and fact.person == name} == about
    for uri, text in files.items():
        assert [other for other in files if corpus.mark(other) in text] == ([] if uri in corpus.TWINS else [uri])


def test_the_model_in_a_folder_is_the_same_function_as_the_embedder(tmp_path: Path) -> None:
    model = describe(write_model(tmp_path / "model"), ModelSettings())
    texts = ["Pump 7 failed.\n\nÜber Nacht", "the lower gate", "LOWER gate"]
    made = SentenceEmbedder(model, identify(model)).embed_documents(texts)
    assert made.shape == (3, DIMENSIONS)
    np.testing.assert_allclose(made, [embed(text) for text in texts], atol=1e-5)


def test_every_column_of_the_kept_measurement_is_one_that_is_measured() -> None:
    kept = json.loads((Path(corpus.__file__).with_name("measured.json")).read_text())
    assert [result["name"] for result in kept["results"]] == [column.name for column in COLUMNS]
    for result, column in zip(kept["results"], COLUMNS, strict=True):
        assert list(result["outcomes"]) == [name for name in script.TESTS if not column.rows or name in column.rows]
        assert all(outcome["verdict"] in (script.PASSED, script.FAILED, script.NOT_OFFERED) for outcome in result["outcomes"].values())
    assert "ragkeep" in verdicts()
    assert "### ragkeep" in observations()
