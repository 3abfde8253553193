"""What lies in an archive or a message is a document like any other, and shares the fate of the file that it lies in."""

import shutil
from copy import deepcopy
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import polars as pl
import pytest
from flow_rig import BROKEN, BY_CONSENT, OPEN, PARAGRAPHS, Twin, settings_of, unpack_plain, zipped

from contracts.results import DocumentCounts
from flows.consent import Word
from flows.consent import record as consent
from flows.erase import Selector, erase, request_erasure
from flows.expire import expire
from flows.plan import plan
from flows.purge import purge

TEXTS = [paragraph.encode() for paragraph in PARAGRAPHS]
BOX = {"a.txt": TEXTS[0], "in/b.txt": TEXTS[2], "deep.zip": zipped({"c.txt": TEXTS[3]})}
ALL = {"box.zip", "box.zip!/a.txt", "box.zip!/in/b.txt", "box.zip!/deep.zip", "box.zip!/deep.zip!/c.txt"}
NOTHING = (0, 0, 0)


SETTINGS = settings_of(policies={"withhold_documents": 1})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    twin = Twin(tmp_path_factory.mktemp("filled") / "ws", SETTINGS)
    twin.files["open"] = {"box.zip": zipped(BOX), "plain.txt": TEXTS[6]}
    twin.ingest()
    return twin


@pytest.fixture
def twin(filled: Twin, tmp_path: Path) -> Twin:
    """A workspace of its own that holds an archive and a text."""
    shutil.copytree(filled.root.parent, tmp_path, dirs_exist_ok=True)
    return replace(filled, root=tmp_path / "ws", files=deepcopy(filled.files), terms=deepcopy(filled.terms), index=deepcopy(filled.index))


def held(twin: Twin, *columns: str) -> dict[str, tuple]:
    with twin.open() as workspace:
        return {row[0]: row[1:] for row in workspace.lake.manifest.read().select("uri", *columns).iter_rows()}


def ids(twin: Twin) -> dict[str, str]:
    return {uri: row[0] for uri, row in held(twin, "document_id").items()}


def quarantined(twin: Twin) -> dict[str, str]:
    with twin.open() as workspace:
        return dict(workspace.lake.quarantine.read().select("uri", "rule").iter_rows())


def served(twin: Twin) -> set[str]:
    return {row["uri"] for row in twin.served()}


def counts(documents: DocumentCounts) -> int:
    return documents.added + documents.changed + documents.unchanged + documents.quarantined


def test_each_member_at_any_depth_is_served_under_the_way_to_it_and_an_archive_as_the_list_of_its_names(twin: Twin) -> None:
    assert served(twin) == {*ALL, "plain.txt"}
    (listed,) = [row["text"] for row in twin.served() if row["uri"] == "box.zip"]
    assert all(name in listed for name in BOX)
    assert TEXTS[0].decode() not in listed


def test_the_same_archive_again_costs_nothing_and_is_not_even_opened(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flow_rig.unpack_plain", lambda *_: pytest.fail("it was opened"))
    again = twin.ingest()
    assert (again.embedded, again.upserted, again.deleted) == NOTHING
    assert again.documents == DocumentCounts(seen=6, unchanged=6)


def test_each_document_ends_a_run_in_exactly_one_state(twin: Twin) -> None:
    twin.files["open"]["box.zip"] = zipped(BOX | {"a.txt": TEXTS[7], "new.txt": TEXTS[5], "broken.txt": BROKEN, "none.txt": b""})
    done = twin.ingest().documents
    assert done == DocumentCounts(seen=9, added=1, changed=2, unchanged=4, quarantined=2)
    assert counts(done) == done.seen
    del twin.files["open"]["box.zip"]
    assert twin.ingest().documents == DocumentCounts(seen=1, removed=8, unchanged=1)
    assert quarantined(twin) == {}


def test_a_new_version_retires_what_it_no_longer_holds_and_embeds_only_what_is_new(twin: Twin) -> None:
    twin.files["open"]["box.zip"] = zipped({"a.txt": TEXTS[0], "deep.zip": zipped({"c.txt": TEXTS[3], "d.txt": TEXTS[5]})})
    done = twin.ingest()
    assert served(twin) == ALL - {"box.zip!/in/b.txt"} | {"plain.txt", "box.zip!/deep.zip!/d.txt"}
    assert done.embedded == 3  # The text of one member, and two lists of names.
    assert done.documents.removed == 1


def test_members_have_the_terms_of_their_file_and_follow_them(twin: Twin) -> None:
    twin.terms["open"]["box.zip"] = {"title": "The box", "groups": ["hr"], "expires_at": "2026-01-05T00:00:00Z"}
    done = twin.ingest()
    assert done.embedded == 0
    rows = [row for row in twin.served() if row["uri"] in ALL]
    assert len({row["access_key"] for row in rows}) == 1
    assert {row["uri"]: row["title"] for row in rows} == dict.fromkeys(ALL - {"box.zip"}, "") | {"box.zip": "The box"}
    twin.now = twin.now.replace(day=6)
    assert twin.run(expire).documents == len(ALL)
    assert served(twin) == {"plain.txt"}
    assert held(twin).keys() == {"plain.txt"}


def test_terms_that_cannot_be_read_refuse_the_file_and_all_that_lies_in_it_until_they_can(twin: Twin) -> None:
    twin.terms["open"]["box.zip"] = {"classification": "nonsense"}
    assert twin.ingest().documents == DocumentCounts(seen=6, unchanged=1, quarantined=5)
    assert served(twin) == {"plain.txt"}
    assert set(quarantined(twin)) == ALL
    twin.terms["open"]["box.zip"] = {}
    assert twin.ingest().documents == DocumentCounts(seen=6, unchanged=6)
    assert served(twin) == {*ALL, "plain.txt"}
    assert quarantined(twin) == {}


def test_an_archive_that_cannot_be_opened_is_noted_at_each_run_and_all_of_it_is_served_as_it_was(twin: Twin) -> None:
    whole = zipped(BOX)
    twin.files["open"]["box.zip"] = whole[:-60]
    for _ in range(2):
        assert twin.ingest().documents == DocumentCounts(seen=6, unchanged=5, quarantined=1)
        assert quarantined(twin).keys() == {"box.zip"}
        assert served(twin) == {*ALL, "plain.txt"}
    twin.files["open"]["box.zip"] = whole
    assert twin.ingest().documents == DocumentCounts(seen=6, unchanged=6)
    assert quarantined(twin) == {}


def test_a_member_that_cannot_be_opened_is_noted_at_each_run_and_is_served_as_it_was(twin: Twin) -> None:
    twin.files["open"]["box.zip"] = zipped(BOX | {"deep.zip": zipped({"c.txt": TEXTS[3]})[:-30], "other.zip": b"PK\3\4 no archive"})
    for _ in range(2):
        done = twin.ingest().documents
        assert (done.seen, done.quarantined) == (7, 2)
        assert quarantined(twin) == {"box.zip!/deep.zip": "file.corrupt", "box.zip!/other.zip": "file.corrupt"}
        assert served(twin) == {*ALL, "plain.txt"}
    twin.files["open"]["box.zip"] = zipped({"a.txt": TEXTS[0]})
    twin.ingest()
    assert quarantined(twin) == {}


def test_an_archive_that_became_a_text_lets_its_members_go(twin: Twin) -> None:
    twin.files["open"]["box.zip"] = TEXTS[5]
    assert twin.ingest().documents == DocumentCounts(seen=2, changed=1, removed=4, unchanged=1)
    assert served(twin) == {"box.zip", "plain.txt"}


def test_one_edited_archive_is_no_mass_deletion(twin: Twin) -> None:
    twin.files["open"]["box.zip"] = zipped({f"{n}.txt": f"Text {n} is about {n}.".encode() for n in range(20)})
    twin.ingest()
    twin.files["open"]["box.zip"] = zipped({"1.txt": b"Text 1 is about 1."})
    done = twin.ingest().documents
    assert (done.removed, done.withheld) == (19, 0)


def test_what_lies_in_withheld_files_waits_and_comes_back_with_them(twin: Twin) -> None:
    files = dict(twin.files["open"])
    twin.files["open"] = {}
    assert twin.ingest().documents == DocumentCounts(withheld=6)
    assert set(held(twin, "state").values()) == {("missing",)}
    assert served(twin) == {*ALL, "plain.txt"}
    twin.files["open"] = files
    assert twin.ingest().documents == DocumentCounts(seen=6, unchanged=6)
    twin.files["open"] = {}
    twin.ingest()
    with twin.open() as workspace:
        assert workspace.approvals.approve("open", twin.now) == 2
    assert twin.ingest().documents == DocumentCounts(removed=6)
    assert served(twin) == set()


def test_packing_a_folder_into_an_archive_is_a_move_and_not_a_deletion(tmp_path: Path) -> None:
    twin = Twin(tmp_path / "ws", SETTINGS)
    twin.files["open"] = {f"{n}.txt": text for n, text in enumerate(TEXTS)}
    twin.ingest()
    twin.files["open"] = {"all.zip": zipped(twin.files["open"])}
    done = twin.ingest().documents
    assert (done.added, done.removed, done.withheld) == (9, 8, 0)
    twin.files["open"] = {"all.zip": twin.files["open"]["all.zip"], **{f"{n}.txt": text for n, text in enumerate(TEXTS)}}
    twin.ingest()
    twin.files["open"] = {"all.zip": twin.files["open"]["all.zip"]}
    assert twin.ingest().documents.withheld == 8, "they did not move to where they were all along"


@pytest.mark.parametrize(
    "selector",
    [
        Selector("subject", "ann@example.org"),
        pytest.param(Selector("uri", "box.zip"), marks=pytest.mark.slow),
        pytest.param(Selector("source", "open"), marks=pytest.mark.slow),
    ],
    ids=lambda selector: selector.kind,
)
def test_erasing_a_file_erases_all_that_lies_in_it_from_every_copy(tmp_path: Path, selector: Selector) -> None:
    twin = Twin(tmp_path / "ws")
    twin.files["open"] = {"box.zip": zipped(BOX | {"link.zip": b"PK\3\4 no archive"})}
    twin.terms["open"]["box.zip"] = {"subjects": ["ann@example.org"]}
    twin.ingest()
    names = [*ids(twin).values()]
    with twin.open() as workspace:
        names += workspace.lake.quarantine.read()["document_id"].to_list()
    erased = twin.run(erase, selector)
    assert erased.documents == len(ALL) + 1 == len(names)
    with twin.open() as workspace:
        assert {copy.name: copy.count(names) for copy in workspace.copies if copy.count(names)} == {}
    purged = twin.run(purge)
    assert purged.requests == (erased.request_id,)
    same, other = twin.files["open"]["box.zip"], zipped({"x.txt": TEXTS[0], "y.txt": TEXTS[5]})
    twin.files["open"] |= {"same.zip": same, "alone.txt": TEXTS[2], "other.zip": other}
    assert twin.ingest().documents.added == 2
    assert served(twin) == {"other.zip", "other.zip!/y.txt"}


def test_a_member_is_erased_alone_and_no_version_of_its_archive_brings_it_back(twin: Twin) -> None:
    assert twin.run(erase, Selector("uri", "box.zip!/in/b.txt")).documents == 1
    assert served(twin) == ALL - {"box.zip!/in/b.txt"} | {"plain.txt"}
    twin.files["open"]["box.zip"] = zipped(BOX | {"in/b.txt": TEXTS[5], "copy.txt": TEXTS[2], "new.txt": TEXTS[7]})
    twin.ingest()
    assert served(twin) == ALL - {"box.zip!/in/b.txt"} | {"plain.txt", "box.zip!/new.txt"}
    assert twin.run(erase, Selector("uri", "box.zip!/deep.zip")).documents == 2
    assert served(twin) == {"plain.txt", "box.zip", "box.zip!/a.txt", "box.zip!/new.txt"}
    with twin.open() as workspace:
        assert not [name for name in workspace.blobs.documents() if name not in set(workspace.lake.manifest.read()["document_id"])]


def test_what_a_run_takes_out_of_a_file_while_its_erasure_is_asked_for_goes_too(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    def unpack_while_somebody_asks(files, how):
        for unpacked in unpack_plain(files, how):
            with twin.open_shared() as other:
                request_erasure(other, Selector("uri", "box.zip"), now=twin.now)
            yield unpacked

    twin.files["open"]["box.zip"] = zipped(BOX | {"late.txt": TEXTS[5]})
    monkeypatch.setattr("flow_rig.unpack_plain", unpack_while_somebody_asks)
    twin.ingest()
    assert served(twin) == {"plain.txt"}
    assert held(twin).keys() == {"plain.txt"}
    with twin.open() as workspace:
        (request,) = workspace.requests.all()
        late = workspace.identity.member(workspace.identity.document("open", "box.zip"), "late.txt")
        assert late in request.documents
        assert workspace.suppressions.suppressed({workspace.identity.version(TEXTS[5])}, "version")


def test_a_message_goes_on_without_a_person_that_it_names_and_an_archive_that_does_not_goes_with_its_members(tmp_path: Path) -> None:
    people = {"open": {"path": ".", "terms": OPEN}, "people": {"path": ".", "terms": BY_CONSENT}}
    twin = Twin(tmp_path / "ws", settings_of(sources=people, policies={"partial_consent": "redact_passages"}))
    with twin.open() as workspace:
        for person in ("ann@example.org", "cai@example.org"):
            consent(workspace, Word(person, "retrieval", "granted"), now=twin.now)
    letter = b"Ann keeps the red book of the archive.\n\nCai keeps the blue one in the cellar."
    terms = {"subjects": ["ann@example.org", "cai@example.org"], "mentions": {"ann@example.org": ["Ann"], "cai@example.org": ["Cai"]}}
    twin.files["people"] = {
        "letters.zip": zipped({"one.txt": letter + b" Both do."}),
        "two.eml": mail(2, letter, body="Ann asks.\n\nCai too."),
    }
    twin.terms["people"] = {"letters.zip": terms, "two.eml": terms}
    twin.ingest()
    erased = twin.run(erase, Selector("subject", "ann@example.org"))
    assert (erased.documents, erased.redacted) == (2, 2)
    assert held(twin).keys() == {"two.eml", "two.eml!/terms.txt"}
    assert served(twin) == {"two.eml", "two.eml!/terms.txt"}
    assert not [row for row in twin.served() if "Ann" in row["text"]]
    assert twin.ingest().documents == DocumentCounts(seen=3, unchanged=2, quarantined=1)


def test_bronze_holds_no_byte_of_a_member_but_its_own(twin: Twin) -> None:
    with twin.open() as workspace:
        rows = workspace.lake.manifest.read().select("uri", "document_id", "version_id").iter_rows()
        bronze = {uri: workspace.blobs.get(document_id, version_id) for uri, document_id, version_id in rows}
    for text in (TEXTS[0], TEXTS[2], TEXTS[3]):
        assert sum(text in content for content in bronze.values()) == 1


def test_a_member_whose_stored_bytes_are_lost_is_taken_out_of_its_archive_again(twin: Twin) -> None:
    with twin.open() as workspace:
        row = workspace.lake.manifest.read().filter(pl.col("uri") == "box.zip!/deep.zip!/c.txt").row(0, named=True)
        (blob,) = workspace.blobs.folder.glob(f"*/{row['document_id']}-*")
        blob.unlink()
    twin.settings = settings_of(chunking={"max_tokens": 24, "min_tokens": 4})
    with twin.open() as workspace:
        workspace.lake.elements.forget([row["document_id"]])
    assert twin.ingest().documents.quarantined == 1
    assert quarantined(twin) == {"box.zip!/deep.zip!/c.txt": "bronze.unreadable"}
    twin.ingest()
    assert quarantined(twin) == {}
    assert served(twin) == {*ALL, "plain.txt"}


def test_a_workspace_from_before_files_were_opened_is_read_and_has_them_opened_by_its_next_run(twin: Twin) -> None:
    with twin.open() as workspace:
        manifest = workspace.lake.manifest.read()
        members = manifest.filter(pl.col("parent_id").is_not_null())["document_id"].to_list()
        for copy in workspace.copies:
            copy.forget(members)
        files = manifest.filter(pl.col("parent_id").is_null()).with_columns(unpacked=pl.lit(None, pl.String))
        workspace.lake.manifest.replace(files, files["document_id"].to_list())
        box = files.filter(pl.col("uri") == "box.zip").row(0, named=True)
        workspace.blobs.put(box["document_id"], box["version_id"], twin.files["open"]["box.zip"])
    done = twin.ingest()
    assert (done.documents, done.embedded) == (DocumentCounts(seen=6, added=4, unchanged=2), 4)
    assert served(twin) == {*ALL, "plain.txt"}
    with twin.open() as workspace:
        assert TEXTS[0] not in workspace.blobs.get(box["document_id"], box["version_id"])
    assert twin.ingest().documents == DocumentCounts(seen=6, unchanged=6)


def test_names_to_exclude_hold_within_files_too_and_apply_to_what_is_held(twin: Twin) -> None:
    sources = {"open": {"path": ".", "exclude": ["b.txt", "deep.*"], "terms": OPEN}, "people": {"path": ".", "terms": OPEN}}
    twin.settings = settings_of(sources=sources)
    twin.ingest()
    assert served(twin) == {"box.zip", "box.zip!/a.txt", "plain.txt"}
    twin.settings = settings_of()
    twin.ingest()
    assert served(twin) == {*ALL, "plain.txt"}


def test_hidden_files_and_the_junk_of_systems_are_no_documents_in_an_archive_either(twin: Twin) -> None:
    twin.files["open"]["box.zip"] = zipped(BOX | {"__MACOSX/._a.txt": b"x", ".git/config": b"x", "in/Thumbs.db": b"x"})
    twin.ingest()
    assert held(twin).keys() == {*ALL, "plain.txt"}


def test_hostile_members_are_quarantined_one_by_one_and_nothing_is_written_where_they_lead(twin: Twin, tmp_path: Path) -> None:
    twin.files["open"]["box.zip"] = zipped(BOX | {"../../out.txt": b"x", "/etc/out.txt": b"x", "!/odd.txt": TEXTS[5], "n" * 2_000: b"x"})
    twin.ingest()
    assert quarantined(twin) == dict.fromkeys(
        ("box.zip!/../../out.txt", "box.zip!/etc/out.txt", f"box.zip!/{'n' * 1_000}"), "archive.unsafe_name"
    )
    assert served(twin) == {*ALL, "box.zip!/%21/odd.txt", "plain.txt"}
    assert not list(tmp_path.parent.rglob("out.txt"))


def mail(number: int, attachment: bytes, *, body: str = "") -> bytes:
    message = EmailMessage()
    message["Subject"] = f"Letter number {number}"
    message.set_content(body or f"Dear member {number}, here is what you asked for in your letter of day {number}.")
    message.add_attachment(attachment, maintype="application", subtype="octet-stream", filename="terms.txt")
    return message.as_bytes()


def test_an_attachment_repeated_in_many_mails_is_a_duplicate_like_any_other(tmp_path: Path) -> None:
    twin = Twin(tmp_path / "ws")
    twin.files["open"] = {f"{n}.eml": mail(n, TEXTS[5]) for n in range(4)}
    twin.ingest()
    holders = {row["uri"] for row in twin.served() if row["text"] == PARAGRAPHS[5]}
    assert len(holders) == 1
    (holder,) = holders
    del twin.files["open"][holder.partition("!/")[0]]
    twin.ingest()
    assert len({row["uri"] for row in twin.served() if row["text"] == PARAGRAPHS[5]} - holders) == 1


def test_a_plan_says_of_a_file_that_it_is_read_and_of_one_that_left_what_goes_with_it(twin: Twin, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    twin.settings = settings_of(sources={"open": {"path": str(folder), "terms": OPEN}, "people": {"path": ".", "terms": OPEN}})
    (folder / "new.zip").write_bytes(zipped({"n.txt": TEXTS[5]}))
    with twin.open() as workspace:
        steps = {(step.action, step.uri) for step in plan(workspace, ["open"], now=twin.now).documents}
    assert steps == {("read", "new.zip"), *(("remove", uri) for uri in (*ALL, "plain.txt"))}
