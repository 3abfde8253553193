"""Which model a workspace has: chosen once for `auto`, int8 only after it was measured, and never by mistake another."""

import json
import socket
from dataclasses import replace

import pytest
from flow_rig import NOW, OPEN, SILENCE
from sqlalchemy import create_engine

import flows.model
from configs.model import ModelSettings
from configs.settings import Settings
from contracts.errors import SettingsError, UsageError
from embeddings.calibration import Calibration, read_calibration
from embeddings.processor import Processor
from flows.calibrate import calibrate
from flows.ingest import ingest
from flows.model import LocalModel
from flows.workspace import open_workspace
from ledger.migrate import migrate
from ledger.models import Models
from parsing.memory import parse_plain
from vectorstore.memory import MemoryStore

GOOD = Calibration(300, 500, 0.995, 0.985, 0.95, 0.70, 0.698)


@pytest.fixture
def local(tmp_path):
    """Makes the bundled model of one workspace."""
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    migrate(engine, "ledger")
    yield lambda **how: LocalModel(ModelSettings(**how), tmp_path, Models(engine), tmp_path / "models")
    engine.dispose()


def on(monkeypatch, *features: str, openvino: bool) -> None:
    monkeypatch.setattr(flows.model, "describe_processor", lambda: Processor("any", 2, frozenset(features), 0, openvino))


def test_auto_is_decided_once_and_another_machine_does_not_change_it(local, monkeypatch):
    on(monkeypatch, "avx512_bf16", openvino=True)
    first = local(backend="auto", dtype="auto").identity
    assert (first.backend.split("-")[0], first.dtype) == ("openvino", "bfloat16")
    on(monkeypatch, openvino=False)
    assert local(backend="auto", dtype="auto").identity == first
    assert local().identity.backend.startswith("torch-")


def test_a_stated_model_asks_no_machine(local, monkeypatch):
    monkeypatch.setattr(flows.model, "describe_processor", lambda: pytest.fail("asked"))
    assert local(backend="openvino", dtype="bfloat16").choice.dtype == "bfloat16"


def test_without_openvino_its_backend_is_an_error_that_says_what_to_do(local, monkeypatch):
    monkeypatch.setattr(flows.model.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"OpenVINO is not installed\. Install the extra fast-cpu"):
        local(backend="openvino").exported()


def test_int8_that_nobody_measured_is_refused(local):
    with pytest.raises(SettingsError, match=r"no int8 model in this workspace\. Make and measure one with: ragkeep calibrate"):
        _ = local(backend="openvino", dtype="int8").identity


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cosine_mean": 0.98}, "mean cosine 0.9800, wanted 0.99"),
        ({"cosine_min": 0.9}, "least cosine 0.9000"),
        ({"cosine_min": float("nan")}, "least cosine nan"),
        ({"overlap_at_10": 0.5}, "overlap of the ten nearest 0.5000"),
        ({"ndcg_at_10_int8": 0.69}, r"nDCG@10 against float32 -0\.0100, wanted -0\.005"),
    ],
)
def test_each_figure_alone_can_refuse_and_is_named(change, named):
    assert GOOD.shortcomings == ()
    (said,) = replace(GOOD, **change).shortcomings
    assert named.replace("\\", "") in said


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A workspace with the bundled model on OpenVINO and 90 texts, of which a few are about people."""
    pytest.importorskip("nncf")
    home = tmp_path_factory.mktemp("calibrated")
    for source, count in (("open", 84), ("people", 6)):
        (home / source).mkdir()
        for number in range(count):
            said = f"Notice {number} to {source}: room {number * 7 % 50} is let from {1 + number % 28} March to whoever asked first. "
            text = said + "Its keys are kept by the agent until the rent of a month is paid."
            (home / source / f"{source}{number}.txt").write_text(text)
    people = OPEN | {"lawful_basis": "legitimate_interest"}
    sources = {"open": {"path": "open", "terms": OPEN}, "people": {"path": "people", "terms": people}}
    how = {"sources": sources, "stores": {"buckets": 2}, "dedup": {"threshold": 1.0}, "model": {"backend": "openvino"}}
    with open_workspace(home / "keep", Settings(**how), base=home, command="test", now=NOW) as real:
        workspace = replace(real, parse=parse_plain, open_index=lambda opened: MemoryStore(384, opened.model.fingerprint))
        done = ingest(workspace, ["open", "people"], now=NOW, progress=SILENCE)
        assert done.embedded == 90
        yield workspace


@pytest.mark.slow
def test_a_calibrated_model_is_measured_kept_and_another_one_with_no_call_home(served, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("called home"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("called home"))
    with pytest.raises(UsageError, match="1 texts to fit to, and 40 are needed"):
        calibrate(served, ["one text"], now=NOW)
    with pytest.raises(UsageError, match=r"text 2 has \d+ tokens, the model reads 254\. Shorten it"):
        calibrate(served, ["one text", "fox " * 300], now=NOW)
    made = calibrate(served, now=NOW)
    assert made.shortcomings == ()
    assert (made.calibrated_with, made.measured_on) == (42, 48)
    folder = served.model.exports / "int8"
    assert read_calibration(folder) == made == Calibration(**json.loads((folder / "calibration.json").read_text()))
    small = served.model.computing("openvino", "int8")
    assert small.identity.dtype == "int8"
    assert small.identity.weights_sha256 != served.model.identity.weights_sha256
    texts = ["Room 7 is let from 3 March.", "The keys are kept by the agent."]
    assert ((small.embedder.embed_documents(texts) * served.model.embedder.embed_documents(texts)).sum(axis=1) > 0.97).all()
    with pytest.raises(UsageError, match="there is an int8 model, and another would be another model"):
        calibrate(served, now=NOW)
