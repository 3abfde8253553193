"""Of an erased archive or mail nothing that lay in it, however deep, is left in any byte of the workspace or beside it."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from flow_rig import BY_CONSENT, NOW, SILENCE, lived_in, settings_of, twin_model

from flows.consent import Word, record
from flows.erase import carry_out, request_erasure
from flows.ingest import ingest_from
from flows.needles import gather_needles
from flows.purge import purge
from flows.targets import Selector
from flows.workspace import Workspace
from forensics.scan import scan
from parsing.memory import parse_plain
from sources.memory import MemorySource

ANN, BEN = "ann@example.org", "ben@example.org"
DEPTHS = ("box", "mail", "inner", "attached", "name")


def canary(person: str, place: str) -> str:
    return f"zq{place}{person[:3]}q wrote about the green door of the old boat house by the river"


def zipped(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def box(person: str) -> bytes:
    """An archive with a text, an archive and a mail that has both attached."""
    said = {place: canary(person, place).encode() for place in DEPTHS}
    inner = zipped({"letter.txt": said["inner"]})
    mail = EmailMessage()
    mail["Subject"] = "Letters"
    mail.set_content(said["mail"].decode())
    for name, content in (("more.zip", zipped({"attached.txt": said["attached"]})), ("alone.txt", b"Nothing about anybody.")):
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return zipped({f"{said['name'].decode()}.txt": said["box"], "inner.zip": inner, "mail.eml": mail.as_bytes()})


class Town:
    """Two people, each with an archive, in a workspace that is opened anew for each step as commands do."""

    def __init__(self, folder: Path) -> None:
        self.root, self.steps, self.model = folder / "ws", 0, twin_model()
        self.settings = settings_of(sources={"people": {"path": ".", "terms": BY_CONSENT}})
        self.files = {f"{person}.zip": box(person) for person in (ANN, BEN)}
        self.run(lambda workspace, **_: [record(workspace, Word(person, "retrieval", "granted"), now=NOW) for person in (ANN, BEN)])

    def run(self, flow: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        self.steps += 1
        now = NOW + timedelta(hours=self.steps)
        with lived_in(self.root, self.settings, now=now, model=self.model, parse=parse_plain) as workspace:
            return flow(workspace, *arguments, now=now, progress=SILENCE, **options)

    def ingest(self) -> Any:
        terms = {uri: {"subjects": [uri.removesuffix(".zip")]} for uri in self.files}
        return self.run(ingest_from, [MemorySource("people", self.files, terms)], retry_quarantined=False)


def erase_with_proof(workspace: Workspace, selector: Selector, **when: Any) -> Any:
    """As the command with --purge: what has to vanish is gathered while it is still there."""
    request = request_erasure(workspace, selector, now=when["now"])
    needles = gather_needles(workspace, request.documents)
    carry_out(workspace, request, **when)
    return purge(workspace, needles, **when), needles


def test_after_the_erasure_of_a_person_no_byte_of_what_lay_in_their_files_is_left(tmp_path: Path) -> None:
    town = Town(tmp_path)
    assert town.ingest().documents.added == 16
    hers, his = ([canary(person, place).encode()[:25] for place in DEPTHS] for person in (ANN, BEN))
    seen = scan([tmp_path], [*hers, *his])
    assert {hit.needle for hit in seen.found} == set(range(2 * len(DEPTHS))), "the scan sees all of it while it is there"
    purged, needles = town.run(erase_with_proof, Selector("subject", ANN))
    assert (purged.pending, purged.hits, purged.unread, len(purged.requests)) == (0, 0, 0, 1)
    assert len(needles.traces) > len(DEPTHS)
    assert scan([tmp_path], [*hers, ANN.encode()]).proves_absence
    town.files["elsewhere.zip"] = zipped({"copy.txt": canary(ANN, "attached").encode(), "other.zip": zipped({"letter.txt": hers[2]})})
    done = town.ingest().documents
    assert (done.added, done.unchanged) == (3, 7)  # An archive, one in it and its text; Ben's attachment was a copy of hers, and went.
    assert scan([tmp_path], [hers[3]]).proves_absence
    assert {hit.needle for hit in scan([tmp_path], his).found} == set(range(len(DEPTHS)))
