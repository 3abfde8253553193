"""Two workspaces that share a vector cache: what one embedded the other does not, and an erasure in one is whole, and its own."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from flow_rig import PARAGRAPHS, SILENCE, Twin, settings_of, texts
from pydantic import ValidationError
from test_ingest_flow import document, nothing_done

from configs.stores import StoreSettings
from contracts.errors import KeyFileError
from flows.erase import carry_out, request_erasure
from flows.needles import gather_needles
from flows.plan import plan
from flows.purge import purge
from flows.reconcile import reconcile
from flows.targets import Selector
from forensics.scan import scan
from ledger.sharers import read_shared

LEAVE, _, REQUESTS, PUMP, _, HOUSING, THIRTY, _ = PARAGRAPHS


def twin_with(root: Path, **stores: Any) -> Twin:
    return Twin(root, settings_of(stores={"buckets": 2, **stores}))


@pytest.fixture
def pair(folder: Path) -> tuple[Twin, Twin]:
    """Both say LEAVE and PUMP, the one HOUSING beside it, the other THIRTY."""
    one, other = (twin_with(folder / name, vectors="shared.sqlite") for name in ("one", "other"))
    one.files["open"] = {"rules.txt": document(LEAVE, HOUSING), "pump.txt": document(PUMP)}
    other.files["open"] = {"leave.txt": document(LEAVE), "pump.txt": document(PUMP), "bills.txt": document(THIRTY)}
    return one, other


def erased(twin: Twin, uri: str) -> tuple[dict[str, Any], Any]:
    """The final receipt of an erasure and its purge in one command, and what the purge found."""
    with twin.open() as workspace:
        when: Any = {"now": twin.now, "progress": SILENCE}
        request = request_erasure(workspace, Selector("uri", uri), now=twin.now)
        needles = gather_needles(workspace, request.documents)
        carry_out(workspace, request, **when)
        done = purge(workspace, needles, **when)
    return json.loads(Path(done.receipts[0]).read_text()), done


def vectors_of(twin: Twin) -> dict[str, bytes]:
    import numpy as np

    return {row["text"]: np.asarray(row["vector"], "<f4").tobytes() for row in twin.served()}


def test_what_one_embedded_the_other_does_not(pair: tuple[Twin, Twin], folder: Path) -> None:
    one, other = pair
    first = one.ingest()
    second = other.ingest()
    assert (first.cache_hits, second.embedded, second.cache_hits) == (0, 1, 2)
    assert other.model.texts == [THIRTY]
    assert vectors_of(one)[PUMP] == vectors_of(other)[PUMP]
    assert nothing_done(one.ingest())
    with other.open() as workspace:
        told = read_shared(workspace.vectors)
        assert [[(of.asked, of.had, of.from_others) for of in share.models] for share in told.workspaces] == [[(3, 2, 2)], [(3, 0, 0)]]
        assert (told.place, told.key_file) == (str(folder / "shared.sqlite"), str(folder / "shared.sqlite.key"))
        assert plan(workspace, [], now=other.now).embeds == 0
    assert not (other.root / "vectors.sqlite").exists()
    assert (folder / "shared.sqlite.key").stat().st_mode & 0o777 == 0o600


def test_an_erasure_in_one_is_proven_and_leaves_the_others_answers_as_they_were(pair: tuple[Twin, Twin], folder: Path) -> None:
    one, other = pair
    one.ingest()
    other.ingest()
    before, vectors = other.served(), vectors_of(one)
    receipt, done = erased(one, "rules.txt")
    (counted,) = (copy for copy in receipt["copies"] if copy["copy"] == "vector cache")
    assert (counted["before"], counted["after"], counted["shared"]) == (2, 0, 1), "the other keeps the vector of what it says too"
    assert (done.hits, done.unread, receipt["physical_at"] is None) == (0, 0, False)
    assert receipt["scan"]["texts_sought"] == 3, "two texts, and the vector that nobody else has"
    assert other.served() == before
    with other.open() as workspace:
        assert workspace.vectors.size() == 3
    assert _held(folder / "shared.sqlite", vectors) == {LEAVE, PUMP}
    erased(other, "leave.txt")
    assert _held(folder / "shared.sqlite", vectors) == {PUMP}


def _held(place: Path, vectors: dict[str, bytes]) -> set[str]:
    """The texts of which the vector is in the file or its log."""
    found = scan([path for path in place.parent.iterdir() if path.name.startswith(place.name)], list(vectors.values())).found
    return {list(vectors)[hit.needle] for hit in found}


def test_a_vector_that_is_lost_in_one_comes_back_from_what_both_have(pair: tuple[Twin, Twin]) -> None:
    one, other = pair
    one.ingest()
    other.ingest()
    assert other.index is not None
    other.index.delete([row["chunk_id"] for row in other.served() if row["text"] == PUMP])
    found = other.run(reconcile, repair=True)
    assert (found.missing, found.embedded) == (1, 0)
    assert PUMP in texts(other)


def test_another_key_or_none_is_refused_and_with_the_right_one_the_workspace_goes_on(pair: tuple[Twin, Twin], folder: Path) -> None:
    one, other = pair
    one.ingest()
    key = folder / "shared.sqlite.key"
    right = key.read_text()
    key.unlink()
    with pytest.raises(KeyFileError, match=r"shared\.sqlite\.key: the key of the vector cache is missing"):
        other.ingest()
    key.write_text(f"cache: {b64encode(b'x' * 32).decode()}\n")
    with pytest.raises(
        KeyFileError, match=r"shared\.sqlite: the vector cache was made with another key than that of .*shared\.sqlite\.key\."
    ):
        other.ingest()
    key.write_text(right)
    assert other.ingest().cache_hits == 2


def test_a_cache_and_its_key_are_no_documents_of_a_source_that_they_lie_in(folder: Path) -> None:
    twin = twin_with(folder / "ws", vectors="shared.sqlite", vectors_key_file="common.key")
    (folder / "leave.txt").write_text(LEAVE)
    with twin.open() as workspace:
        workspace.vectors.size()
        assert {"shared.sqlite", "shared.sqlite-wal", "common.key"} <= {path.name for path in folder.iterdir()}
        assert [listed.uri for listed in workspace.registry.open("open").list()] == ["leave.txt"]


def test_who_shares_nothing_has_a_cache_that_no_other_can_ask(folder: Path) -> None:
    one, other = (twin_with(folder / name) for name in ("one", "other"))
    one.files["open"] = other.files["open"] = {"leave.txt": document(LEAVE)}
    one.ingest()
    assert other.ingest().embedded == 1
    (other.root / "vectors.sqlite").write_bytes((one.root / "vectors.sqlite").read_bytes())
    with other.open() as workspace, pytest.raises(KeyFileError, match=r"made with another key than that of .*other\.key"):
        workspace.vectors.size()


@pytest.mark.parametrize(
    ("stores", "said"),
    [
        ({"vectors": "postgresql://me:hush@host/d"}, "holds a password"),
        ({"vectors": "sqlite:///file"}, "not the address of a PostgreSQL server"),
        ({"vectors": ""}, "not the address of a PostgreSQL server"),
        ({"vectors_key_file": "shared.key"}, "vectors_key_file: is for a cache that is shared, and none is"),
    ],
)
def test_settings_of_a_cache_that_cannot_be_are_refused(stores: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StoreSettings(**stores)
