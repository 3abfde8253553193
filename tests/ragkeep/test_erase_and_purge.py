"""Erasing and proving it, by the command line: the states, the receipt, the scan, and a request while somebody else holds the workspace."""

import json
from datetime import UTC, datetime
from pathlib import Path

from front_door import MAI, ORLA, Outcome, Site, call, write

from ledger.lock import hold

MAI_ASKS = ("erase", "--subject", "mai@works.example", "--yes", "--json")
TRACE = "looks after her father, and her manager"


def _scan(site: Site, text: str) -> Outcome:
    needles = write(site.home.parent.parent / "needles.txt", text + "\n")
    return site.run("erasure", "scan", "--needle-file", needles, "--json")


def _take_away_the_original(site: Site) -> None:
    for path in (site.home / "staff").glob("mai*"):
        path.unlink()


def _public_key(site: Site) -> Path:
    return write(site.home.parent.parent / "public.pem", site.run("audit", "key").out)


def test_purged_means_that_no_byte_is_left_and_the_signed_receipt_says_when(site: Site) -> None:
    _take_away_the_original(site)
    assert _scan(site, TRACE).code == 1, "before the erasure the scan sees it"
    erased = site.run(*MAI_ASKS, "--purge").json
    assert erased["state"] == "purged"
    assert erased["logical_at"] <= erased["physical_at"]
    assert all(copy["after"] == 0 for copy in erased["copies"])
    after = _scan(site, TRACE)
    assert (after.code, after.json["found"], after.json["unread"]) == (0, [], [])
    receipt = json.loads(Path(erased["receipt"]).read_text())
    assert receipt["request_id"] == erased["request_id"]
    assert receipt["scan"]["hits"] == 0 < receipt["scan"]["files"]
    assert call("receipt", "verify", erased["receipt"], "--public-key", _public_key(site)).code == 0


def test_others_stay_and_the_erased_does_not_come_back(site: Site) -> None:
    site.run("consent", "grant", "--subject", "orla@works.example")
    site.run("ingest")
    site.run(*MAI_ASKS, "--purge")
    for _ in range(2):
        assert not any("Mai" in hit["text"] for hit in site.search(MAI, "--as", "alice", "-k", "50"))
        assert site.search(ORLA, "--as", "alice", "-k", "1")[0]["text"] == ORLA
        site.run("consent", "grant", "--subject", "mai@works.example")
        assert site.run("ingest", "--json").json["embedded"] == 0


def test_without_purge_the_bytes_wait_and_a_later_purge_proves_them_gone(site: Site) -> None:
    _take_away_the_original(site)
    erased = site.run(*MAI_ASKS).json
    assert (erased["state"], erased["purge"], erased["physical_at"]) == ("deleted", "pending", None)
    assert json.loads(Path(erased["receipt"]).read_text())["physical_at"] is None
    assert _scan(site, TRACE).code == 1
    purged = site.run("purge", "--json").json
    assert (purged["requests"], purged["pending"], purged["hits"], purged["unread"]) == ([erased["request_id"]], 0, 0, 0)
    assert _scan(site, TRACE).code == 0
    assert json.loads(Path(erased["receipt"]).read_text())["physical_at"] is not None
    assert site.run("purge", "--json").json["requests"] == [], "what is proven is not proven again"


def test_a_byte_that_somebody_left_in_the_workspace_keeps_the_receipt_from_saying_purged(site: Site) -> None:
    write(site.home / "notes" / "copy.txt", MAI)
    erased = site.run(*MAI_ASKS, "--purge").json
    assert (erased["state"], erased["physical_at"]) == ("deleted", None)
    assert json.loads(Path(erased["receipt"]).read_text())["physical_at"] is None


def test_a_flipped_byte_and_a_cut_tail_of_a_receipt_are_told(site: Site, tmp_path: Path) -> None:
    receipt = Path(site.run(*MAI_ASKS).json["receipt"]).read_bytes()
    key = _public_key(site)
    for number, forged in enumerate((receipt.replace(b'"documents": 1', b'"documents": 2'), receipt[:-9])):
        path = tmp_path / f"forged-{number}.json"
        path.write_bytes(forged)
        assert call("receipt", "verify", path, "--public-key", key).code == 1


def test_a_request_while_another_process_holds_the_workspace_is_suppressed_at_once_and_finished_by_the_next_command(site: Site) -> None:
    with hold(site.home, command="ingest", since=datetime(2031, 5, 1, tzinfo=UTC)):
        erased = site.run(*MAI_ASKS).json
        assert (erased["state"], erased["documents"]) == ("suppressed", 1)
        assert site.run("consent", "withdraw", "--subject", "orla@works.example", "--json").code == 0
    assert not any("Mai" in hit["text"] for hit in site.search(MAI, "--as", "alice", "-k", "50")), "no search serves it"
    assert site.run("ingest", "--json").json["upserted"] == 0
    assert site.run("purge", "--json").json["requests"] == [erased["request_id"]]


def test_the_audit_tells_who_saw_and_who_erased_and_verifies(site: Site) -> None:
    site.search(MAI, "--as", "alice")
    erased = site.run(*MAI_ASKS, "--purge").json
    actions = [(entry["event"]["actor"], entry["event"]["action"]) for entry in site.run("audit", "log", "--json").json]
    assert ("alice", "search") in actions
    assert {"erase.suppressed", "erase.deleted", "erase.purged", "receipt.issued"} <= {action for _, action in actions}
    about = site.run("audit", "log", "--object", erased["request_id"], "--json").json
    assert len(about) >= 4
    verified = site.run("audit", "verify", "--json")
    assert (verified.code, verified.json["problems"]) == (0, [])
