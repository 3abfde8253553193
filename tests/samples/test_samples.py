"""The committed corpus is what its sources say, and shows what its README promises."""

import csv
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
import yaml

from configs.settings import Settings
from contracts.terms import LawfulBasis, Terms
from evaluation.golden import Golden, read_golden

SAMPLES = Path(__file__).parents[2] / "samples"
DOCUMENTS = SAMPLES / "documents"
LATE_2026 = datetime(2026, 11, 1, tzinfo=UTC)
FORMATS = {".csv", ".docx", ".eml", ".epub", ".html", ".md", ".pdf", ".pptx", ".txt", ".xlsx"}


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def _uris() -> set[str]:
    return {uri for uri in _files(DOCUMENTS) if not uri.endswith(".meta.yaml") and uri != "terms.csv"}


def _source(uri: str) -> str:
    return (SAMPLES / "content" / f"{uri}.md").read_text(encoding="utf-8")


SETTINGS = Settings(**_yaml(SAMPLES / "ragkeep.yaml"))
CONSENTS = _rows(SAMPLES / "consents.csv")
GOLDEN = read_golden(SAMPLES / "golden.yaml")
UNANSWERED = _yaml(SAMPLES / "unanswered.yaml")
PEOPLE = _yaml(SAMPLES / "content" / "people.yaml")


def _stated() -> Iterator[tuple[str, dict[str, Any]]]:
    for row in _rows(DOCUMENTS / "terms.csv"):
        yield row.pop("uri"), row
    for name, path in _files(DOCUMENTS).items():
        if name.endswith(".meta.yaml"):
            yield name.removesuffix(".meta.yaml"), _yaml(path)


def _terms() -> dict[str, Terms]:
    default = SETTINGS.sources["cooperative"].terms
    return dict.fromkeys(_uris(), default) | {uri: default.overridden_by(stated) for uri, stated in _stated()}


TERMS = _terms()


def _consents(purpose: str) -> set[str]:
    state = {row["subject"]: row["state"] for row in sorted(CONSENTS, key=lambda row: row["at"]) if row["purpose"] == purpose}
    return {subject for subject, now in state.items() if now == "granted"}


def _may_see(reader: str, purpose: str, uri: str) -> bool:
    terms, who = TERMS[uri], SETTINGS.readers[reader]
    assert terms.classification is not None
    expiry = terms.expiry()
    return (
        terms.classification.rank <= who.clearance.rank
        and (not terms.groups or bool(set(terms.groups) & set(who.groups)))
        and purpose in (terms.purposes or ())
        and purpose in who.purposes
        and (terms.lawful_basis != LawfulBasis.CONSENT or set(terms.subjects or ()) <= _consents(purpose))
        and (expiry is None or expiry > LATE_2026)
    )


def test_making_the_corpus_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "make_samples.py", tmp_path], check=True, capture_output=True)
    fresh, committed = _files(tmp_path), _files(DOCUMENTS)
    assert fresh.keys() == committed.keys()
    assert [uri for uri in fresh if fresh[uri].read_bytes() != committed[uri].read_bytes()] == []


def test_every_sidecar_and_every_row_of_the_manifest_states_valid_terms_of_a_document_that_exists() -> None:
    stated = list(_stated())
    for _, terms in stated:
        Terms.model_validate(terms)
    assert {uri for uri, _ in stated} <= _uris()
    assert len({uri for uri, _ in stated}) == len(stated), "a document states its terms in one place only"


def test_every_document_states_or_inherits_what_admission_asks_for() -> None:
    for uri, terms in TERMS.items():
        assert None not in (terms.lawful_basis, terms.purposes, terms.classification, terms.groups, terms.jurisdiction), uri
        assert bool(terms.subjects) == (terms.lawful_basis != LawfulBasis.NOT_PERSONAL), uri


def test_the_corpus_has_all_formats_classifications_and_both_jurisdictions_in_a_small_space() -> None:
    assert {Path(uri).suffix for uri in _uris()} == FORMATS
    assert {str(terms.classification) for terms in TERMS.values()} == {"public", "internal", "confidential", "restricted"}
    assert {terms.jurisdiction for terms in TERMS.values()} == {"VN", "EU"}
    assert sum(path.stat().st_size for path in _files(DOCUMENTS).values()) < 1_500_000


def test_the_settings_lead_to_the_corpus_and_leave_the_manifest_out() -> None:
    source = SETTINGS.sources["cooperative"]
    assert SAMPLES / source.path == DOCUMENTS
    assert source.manifest is not None
    assert (DOCUMENTS / source.manifest).is_file()
    assert str(source.manifest) in source.exclude
    assert {group for terms in TERMS.values() for group in terms.groups or ()} == {
        g for who in SETTINGS.readers.values() for g in who.groups
    }


def test_every_consent_is_of_a_person_whom_some_terms_name_and_at_a_moment_in_utc() -> None:
    subjects = {subject for terms in TERMS.values() for subject in terms.subjects or ()}
    assert {row["subject"] for row in CONSENTS} <= subjects
    assert {row["state"] for row in CONSENTS} == {"granted", "withdrawn"}
    assert all(datetime.fromisoformat(row["at"]).utcoffset() == LATE_2026.utcoffset() for row in CONSENTS)
    assert subjects == {person["subject"] for person in PEOPLE}
    assert len(subjects) >= 12


def test_one_person_has_withdrawn_and_one_was_never_asked() -> None:
    asked = {row["subject"] for row in CONSENTS}
    needed = {subject for terms in TERMS.values() if terms.lawful_basis == LawfulBasis.CONSENT for subject in terms.subjects or ()}
    assert needed - asked == {"son.ngo@members.bensen.example"}
    assert asked - _consents("retrieval") == {"khoa.ho@members.bensen.example"}


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person["plain"])
def test_a_person_is_named_in_exactly_the_documents_whose_terms_name_them(person: dict[str, str]) -> None:
    naming = {uri for uri in _uris() if person["name"] in _source(uri) or person["plain"] in _source(uri)}
    assert naming == {uri for uri, terms in TERMS.items() if person["subject"] in (terms.subjects or ())}


@pytest.mark.parametrize("asked", GOLDEN, ids=lambda asked: asked.question)
def test_the_answer_to_a_question_stands_in_documents_that_its_reader_may_see(asked: Golden) -> None:
    (span,) = asked.spans
    for uri in asked.expected:
        assert uri in _uris()
        assert span.text in " ".join(_source(uri).split())
        assert asked.reader is not None
        assert _may_see(asked.reader, "retrieval", uri)


@pytest.mark.parametrize("asked", UNANSWERED, ids=lambda asked: asked["reason"])
def test_a_question_stays_unanswered_for_the_reason_given(asked: dict[str, Any]) -> None:
    unreadable = asked["reason"] in ("the PDF is encrypted", "the file is damaged")
    assert asked["uri"] in _uris()
    assert _may_see(asked["reader"], asked["purpose"], asked["uri"]) == unreadable


def test_the_encrypted_pdf_opens_with_its_password_only() -> None:
    path = DOCUMENTS / "finance" / "salary-bands-2026.pdf"
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(path)
    with pikepdf.open(path, password="sen-2026") as pdf:
        assert pdf.is_encrypted


def test_the_damaged_document_is_no_archive_and_the_others_are() -> None:
    archives = {uri: zipfile.is_zipfile(DOCUMENTS / uri) for uri in _uris() if Path(uri).suffix in (".docx", ".pptx", ".xlsx", ".epub")}
    assert [uri for uri, whole in archives.items() if not whole] == ["clinic/triage-form-damaged.docx"]


def test_the_pages_of_a_pdf_carry_its_header_footer_and_vietnamese_letters() -> None:
    with pypdfium2.PdfDocument(DOCUMENTS / "public" / "so-tay-nguoi-thue-nha.pdf") as pdf:
        pages = [page.get_textpage().get_text_range() for page in pdf]
    assert len(pages) >= 3
    assert all("Hợp tác xã Bến Sen – Sổ tay người thuê nhà" in page and "Đường dây nóng 0236 555 0177" in page for page in pages)


def test_near_duplicates_differ_as_the_readme_says() -> None:
    def lines(uri: str) -> set[str]:
        return set(_source(uri).split("---\n", 2)[2].splitlines())

    policy = lines("hr/leave-policy-v1.docx") ^ lines("hr/leave-policy-v2.docx")
    contract = lines("hr/contract-tran-thi-mai-v1.pdf") ^ lines("hr/contract-tran-thi-mai-v2.pdf")
    notice = lines("public/thong-bao-nghi-tet.docx") ^ lines("public/thong-bao-nghi-tet.html")
    assert (len(policy), len(contract), len(notice)) == (2, 6, 0)
    assert not any(letter.isdigit() for line in policy for letter in line)


def test_the_readme_names_every_person_and_every_reader() -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert [person["name"] for person in PEOPLE if f"| {person['name']} | `{person['subject']}` |" not in readme] == []
    assert [reader for reader in SETTINGS.readers if f"| {reader} |" not in readme] == []
