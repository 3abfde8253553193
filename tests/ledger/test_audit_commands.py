"""The commands `audit` and `receipt`, as people call them."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from configs.settings import Settings
from contracts.errors import UsageError
from flows.workspace import open_workspace
from ledger.events import Event
from ledger.receipts import Erasure, make_receipt, write_receipt
from ragkeep.cli import app

T = datetime(2026, 1, 1, tzinfo=UTC)
A = "a" * 32


@pytest.fixture
def root(tmp_path):
    """A workspace in which a reader searched twice and was refused once; its public key and a receipt lie beside it."""
    root = tmp_path / "w"
    with open_workspace(root, Settings(), base=tmp_path, command="test", now=T) as workspace:
        workspace.audit.append(
            [
                Event(T, "hr", "search", (A, "b" * 32), "retrieval", counts={"hits": 2}),
                Event(T, "anonymous", "search", purpose="retrieval", decision="refused", rule="purpose"),
                Event(T.replace(year=2027), "hr", "show", (A,)),
            ]
        )
        head = workspace.audit.checkpoint(T)
        (tmp_path / "key.pem").write_bytes(workspace.signer.public_key_pem())
        receipt = make_receipt(Erasure("5" * 32, "document", T, T, 1), head, workspace.signer, versions={"ragkeep": "0.1.0"})
        write_receipt(tmp_path / "w.receipts", receipt)
    return root


@pytest.fixture
def call(root):
    def call(*arguments, code=0):
        done = CliRunner().invoke(app, ["--workspace", str(root), *arguments])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    return call


def test_verify_says_that_nothing_was_changed(call):
    said = json.loads(call("audit", "verify", "--json"))
    assert (said["events"], said["checkpoints"], said["covered"], said["problems"], said["more"]) == (3, 1, 3, [], 0)
    assert "Nothing was changed, moved or removed." in call("audit", "verify")


def test_verify_names_what_is_wrong_and_exits_with_1(call, root):
    root.with_name("w.audit.jsonl").write_text("{}\n")
    said = json.loads(call("audit", "verify", "--json", code=1))
    assert said["problems"] == [{"sequence": 0, "what": "checkpoint: the field statement is missing"}]
    assert "checkpoint: the field statement is missing" in call("audit", "verify", code=1)


def test_verify_takes_the_key_that_somebody_else_kept(call, tmp_path):
    assert json.loads(call("audit", "verify", "--public-key", str(tmp_path / "key.pem"), "--json"))["covered"] == 3


@pytest.mark.parametrize(
    ("chosen", "sequences"),
    [
        ((), [1, 2, 3]),
        (("--actor", "hr"), [1, 3]),
        (("--action", "search", "--limit", "1"), [2]),
        (("--object", A), [1, 3]),
        (("--since", "2026-06-01"), [3]),
    ],
)
def test_log_shows_the_chosen_events(call, chosen, sequences):
    assert [entry["sequence"] for entry in json.loads(call("audit", "log", *chosen, "--json"))] == sequences
    assert call("audit", "log", *chosen).count("search") == sum(sequence < 3 for sequence in sequences)


def test_export_writes_every_event(call, tmp_path):
    file = tmp_path / "events.jsonl"
    assert json.loads(call("audit", "export", str(file), "--json")) == {"events": 3, "file": str(file)}
    assert len(file.read_text().splitlines()) == 3


def test_key_prints_the_public_key(call, tmp_path):
    pem = (tmp_path / "key.pem").read_text()
    assert call("audit", "key") == pem
    assert json.loads(call("audit", "key", "--json"))["public_key_pem"] == pem


def test_a_receipt_is_verified_where_there_is_no_workspace(tmp_path, root):
    def verify(*more):
        files = [str(tmp_path / "w.receipts" / f"{'5' * 32}.json"), "--public-key", str(tmp_path / "key.pem")]
        return CliRunner().invoke(app, ["--workspace", str(tmp_path / "nowhere"), "receipt", "verify", *files, *more])

    assert (verify().exit_code, json.loads(verify("--json").output)["valid"]) == (0, True)
    receipt = tmp_path / "w.receipts" / f"{'5' * 32}.json"
    receipt.write_bytes(receipt.read_bytes().replace(b'"documents": 1', b'"documents": 2'))
    assert verify().exit_code == 1
    assert "changed after it was signed" in verify().output
    assert json.loads(verify("--json").output)["valid"] is False
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_not_there_is_named(tmp_path, root):
    done = CliRunner().invoke(app, ["receipt", "verify", str(tmp_path / "none.json"), "--public-key", str(tmp_path / "key.pem")])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == f"{tmp_path / 'none.json'}: cannot be read (No such file or directory)"
