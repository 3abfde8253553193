"""Every mistake is one line on stderr that says what to do, with the promised exit code and nothing on stdout."""

import fcntl
from pathlib import Path

import pytest
from front_door import BRIDGE, Site, call, write

import ragkeep.cli
from configs.load import load_settings
from configs.settings import Settings


def refused(site: Site, *command: object, code: int = 2) -> str:
    """The lines on stderr of a call that must fail cleanly."""
    outcome = site.run(*command)
    assert (outcome.code, outcome.out) == (code, "")
    assert "Traceback" not in outcome.err
    assert all(line.startswith("ragkeep: ") for line in outcome.err.splitlines())
    return outcome.err


def test_strict_ends_with_1_where_documents_are_in_quarantine(site: Site) -> None:
    outcome = site.run("ingest", "--strict", "--json")
    assert (outcome.code, outcome.json["documents"]["quarantined"]) == (1, 1)
    (site.home / "handbook" / "torn.pdf").unlink()
    assert site.run("ingest", "--strict", "--json").code == 0


def test_a_workspace_that_is_held_is_exit_3_and_names_the_holder(site: Site) -> None:
    with open(site.home / "lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate()
        lock.write("pid 4711, ingest, since 2031-04-01T00:00:00+00:00\n")
        lock.flush()
        for command in (("ingest", "--json"), ("search", "bridge", "--json"), ("status",)):
            message = refused(site, *command, code=3)
            assert "in use by pid 4711, ingest, since 2031-04-01T00:00:00+00:00" in message


def test_a_vector_store_that_cannot_be_reached_is_exit_3_and_names_its_address(site: Site) -> None:
    settings = (site.home / "ragkeep.yaml").read_text()
    write(site.home / "ragkeep.yaml", settings + "stores: {milvus_uri: 'http://127.0.0.1:9'}\n")
    message = refused(site, "search", "bridge", "--json", code=3)
    assert "127.0.0.1:9" in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("ingest", "nowhere"), "nowhere: neither a source (known: handbook, staff) nor a file or folder that exists"),
        (("plan", "nowhere"), "nowhere: neither a source (known: handbook, staff) nor a file or folder that exists"),
        (("backfill", "nowhere"), "nowhere: no such source; known: handbook, staff"),
        (("approve", "nowhere"), "nowhere: no such source; known: handbook, staff"),
        (("show", "nowhere.md"), "no document with id or uri 'nowhere.md' is held. What is held: ragkeep status"),
        (("trace", "0" * 32), "is not in the index. Take the id from: ragkeep search"),
        (("search", "bridge", "-k", "0"), "Invalid value for '-k'"),
        (("search", "bridge", "-k", "many"), "Invalid value for '-k'"),
        (("search",), "Missing argument 'question'"),
        (("consent", "grant"), "Missing option '--subject'"),
        (("frobnicate",), "No such command 'frobnicate'"),
        (("status", "--jsn"), "No such option: --jsn"),
        (("consent", "import", "nowhere.csv"), "nowhere.csv: cannot be read"),
    ],
)
def test_what_is_not_there_is_named_with_what_there_is(kept: Site, command: tuple[str, ...], message: str) -> None:
    said = refused(kept, *command)
    assert message in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("command", ["status", "show", "search", "trace", "reconcile", "expire", "erase", "approve"])
def test_a_command_that_reads_makes_no_workspace(tmp_path: Path, command: str) -> None:
    write(tmp_path / "home" / "diary.txt", "not a workspace")
    arguments = {"show": ["x"], "search": ["x"], "trace": ["x"], "approve": ["x"], "erase": ["--subject", "x"]}.get(command, [])
    for folder in (tmp_path / "home", tmp_path / "nothing"):
        assert "no workspace here. Make one with: ragkeep ingest PATH" in refused(Site(folder), command, *arguments)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["diary.txt", "home"]


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    file = write(tmp_path / "file", "")
    assert "is a file, and a workspace is a folder" in refused(Site(file), "ingest", tmp_path)


def test_a_missing_key_file_is_named(site: Site) -> None:
    key = site.home.with_name("keep.key")
    key.rename(key.with_name("elsewhere"))
    message = refused(site, "search", "bridge")
    assert f"{key}: the workspace's key file is missing" in message
    assert not key.exists()


@pytest.mark.parametrize("name", ["key", "pepper"])
def test_the_wrong_key_or_pepper_is_told_apart_and_nothing_is_changed(site: Site, tmp_path: Path, name: str) -> None:
    write(tmp_path / "other" / "a.txt", "Another workspace.")
    assert Site(tmp_path / "another").run("consent", "grant", "--subject", "x").code == 0
    theirs = dict(line.split(": ") for line in (tmp_path / "another.key").read_text().splitlines() if not line.startswith("#"))
    file = site.home.with_name("keep.key")
    lines = [f"{name}: {theirs[name]}" if line.startswith(f"{name}:") else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")
    before = site.files()
    message = refused(site, "ingest", "--json")
    other = "key" if name == "pepper" else "pepper"
    assert f": the {name} is another workspace's" in message
    assert f"the {other} is" not in message
    assert site.files() == before


def test_mistakes_in_the_settings_are_a_line_each(site: Site) -> None:
    write(
        site.home / "ragkeep.yaml",
        "sources:\n  handbook: {path: handbook, inclde: [a]}\n  staff: {}\nchunking: {max_tokens: many}\ndedupe: {}\n",
    )
    lines = refused(site, "ingest", "--json").splitlines()
    assert lines == [
        "ragkeep: ragkeep.yaml: sources.handbook.inclde: unknown key (did you mean `include`?)",
        "ragkeep: ragkeep.yaml: sources.staff.path: missing",
        "ragkeep: ragkeep.yaml: chunking.max_tokens: input should be a valid integer, unable to parse string as an integer, got 'many'",
        "ragkeep: ragkeep.yaml: dedupe: unknown key (did you mean `dedup`?)",
    ]


def test_a_missing_folder_is_named_with_its_key(site: Site) -> None:
    (site.home / "staff").rename(site.home / "gone")
    assert "sources.staff.path: folder does not exist: " in refused(site, "ingest", "--json")


def test_debug_adds_the_traceback_and_only_debug(kept: Site) -> None:
    outcome = call("--debug", "--workspace", kept.home, "show", "nowhere.md")
    assert outcome.code == 2
    assert outcome.err.startswith("Traceback (most recent call last)")
    assert outcome.err.splitlines()[-1].startswith("ragkeep: show: no document")


def test_what_nobody_foresaw_is_one_line_too(kept: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragkeep.inspect.read_status", lambda _: 1 / 0)
    assert refused(kept, "status") == "ragkeep: unexpected ZeroDivisionError: division by zero (--debug shows where)\n"


def test_an_interrupted_command_says_that_the_next_run_goes_on(kept: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ragkeep.inspect.read_status", interrupt)
    outcome = kept.run("status")
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err == "stopped; the next run takes up where this one was\n"


def test_the_workspace_is_the_option_else_the_environment_else_a_hidden_folder(
    kept: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGKEEP_WORKSPACE", str(kept.home))
    assert call("status", "--json").json["documents"] == {"handbook": 3, "staff": 2}
    assert str(tmp_path / "other") in call("--workspace", "other", "status").err
    monkeypatch.delenv("RAGKEEP_WORKSPACE")
    assert str(tmp_path / ".ragkeep") in call("status").err


def test_an_empty_workspace_says_why_nothing_is_found(tmp_path: Path) -> None:
    empty = Site(tmp_path / "keep")
    assert empty.run("init").code == 0
    outcome = empty.run("search", "bridge", "--json")
    assert (outcome.code, outcome.json) == (0, [])
    assert outcome.err == "The index is empty: nothing has been admitted to it yet.\n"


def test_every_command_has_help_and_every_option_a_sentence() -> None:
    for path, command in commands(ragkeep.cli.app):
        assert command.help, path
        for parameter in command.params:
            assert getattr(parameter, "help", None) or getattr(parameter, "hidden", False), f"{path} {parameter.name}"
        outcome = call(*path, "--help")
        assert (outcome.code, outcome.err) == (0, ""), path


def commands(app: object) -> list[tuple[tuple[str, ...], object]]:
    import typer.main

    found: list = []
    waiting: list = [((), typer.main.get_command(app))]  # type: ignore[arg-type]
    while waiting:
        path, command = waiting.pop()
        found.append((path, command))
        waiting += [((*path, name), inner) for name, inner in getattr(command, "commands", {}).items()]
    return found


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    outcome = call("--version")
    assert (outcome.code, outcome.out) == (0, f"ragkeep {version('ragkeep')}\n")


def test_init_writes_settings_that_load_and_refuses_to_write_them_twice(tmp_path: Path) -> None:
    write(tmp_path / "keep" / "docs" / "bridge.md", BRIDGE)
    site = Site(tmp_path / "keep")
    made = site.run("init", "--source", "handbook=docs", "--json").json
    assert made == {"settings": f"{site.home}/ragkeep.yaml", "workspace": str(site.home), "key": f"{site.home}.key"}
    assert [step["uri"] for step in site.run("plan", "handbook", "--json").json["documents"]] == ["bridge.md"]
    before = site.files()
    assert "exists already; edit it, or remove it first" in refused(site, "init")
    assert "expected NAME=FOLDER" in refused(Site(tmp_path / "new"), "init", "--source", "docs")
    assert site.files() == before
    assert not (tmp_path / "new").exists()


def test_a_workspace_of_another_language_than_english_names_a_model_that_reads_it(tmp_path: Path) -> None:
    other = "intfloat/multilingual-e5-small"
    for language, name in (("en", Settings().model.name), ("vi", other), ("VI", other)):
        site = Site(tmp_path / language)
        said = site.run("init", "--language", language).out
        assert load_settings(site.home / "ragkeep.yaml").model.name == name
        assert (f"hf download {other}" in said, "model" in said) == ((True, True) if name == other else (False, False))
    assert "expected a code of ISO 639, such as en or vi" in refused(Site(tmp_path / "none"), "init", "--language", "Vietnamese")
