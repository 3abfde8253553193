"""`ragkeep.yaml` and the environment: every mistake is a line that names the file and the key's path."""

import re
from pathlib import Path

import pytest
import yaml

from configs.load import find_settings_file, keys_from_environment, load_settings, workspace_folder
from configs.settings import Settings
from configs.template import render_template
from contracts.errors import SettingsError


def written(folder: Path, text: str) -> Path:
    path = folder / "ragkeep.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(written(folder, text))
    return str(refused.value).splitlines()


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "{}"])
def test_an_empty_file_means_the_defaults(tmp_path: Path, text: str) -> None:
    assert load_settings(written(tmp_path, text)) == load_settings(None) == Settings()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("chunkin: {}", "ragkeep.yaml: chunkin: unknown key (did you mean `chunking`?)"),
        ("zebra: 1", "ragkeep.yaml: zebra: unknown key"),
        ("dedup: {treshold: 0.8}", "ragkeep.yaml: dedup.treshold: unknown key (did you mean `threshold`?)"),
        ("sources: {a: {path: x, terms: {licens: MIT}}}", "ragkeep.yaml: sources.a.terms.licens: unknown key (did you mean `licence`?)"),
        ("readers: {bob: {group: [hr]}}", "ragkeep.yaml: readers.bob.group: unknown key (did you mean `groups`?)"),
        ("sources: {a: {}}", "ragkeep.yaml: sources.a.path: missing"),
        ("sources: {a: {path: x, kind: ftp}}", "ragkeep.yaml: sources.a.kind: input should be 'folder', got 'ftp'"),
        ("dedup: {threshold: 2}", "ragkeep.yaml: dedup.threshold: input should be less than or equal to 1, got 2"),
        ("stores: {buckets: 0}", "ragkeep.yaml: stores.buckets: input should be greater than or equal to 1, got 0"),
        ("model: {backend: http}", "ragkeep.yaml: model: url: backend `http` needs the address of an endpoint, https://HOST/v1"),
        (
            "model: {backend: http, url: https://far.example/v1}\npolicies: {may_leave: [public]}",
            "ragkeep.yaml: model.located_in: model.url is another machine; state the jurisdiction that it is in, such as VN or EU",
        ),
    ],
)
def test_each_mistake_names_the_keys_path_and_the_nearest_right_key(tmp_path: Path, text: str, line: str) -> None:
    assert mistakes(tmp_path, text) == [line]


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, "chunkin: {}\nsources: {a: {}}\ndedup: {threshold: x}\n")) == 3


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sources:\n  a: [unclosed\n", "ragkeep.yaml: line 3: not readable as YAML"),
        ("a: b: c\n", "ragkeep.yaml: line 1: not readable as YAML"),
        ("- a\n- b\n", "ragkeep.yaml: the file holds a list, expected keys such as `sources:`"),
        ("just words\n", "ragkeep.yaml: the file holds a str, expected keys such as `sources:`"),
    ],
)
def test_a_file_that_is_no_settings_says_so_and_where(tmp_path: Path, text: str, line: str) -> None:
    (told,) = mistakes(tmp_path, text)
    assert told.startswith(line)


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ragkeep.yaml"
    path.write_bytes(b"sources: \xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"^ragkeep\.yaml: not readable as YAML"):
        load_settings(path)


def test_a_section_that_is_left_empty_means_its_defaults(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "sources:\nchunking:\nstores:\nreaders:\n")) == Settings()


def test_the_environment_wins_over_the_file_key_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "chunking: {max_tokens: 100, min_tokens: 10}\n")
    monkeypatch.setenv("RAGKEEP_CHUNKING__MAX_TOKENS", "200")
    settings = load_settings(path)
    assert (settings.chunking.max_tokens, settings.chunking.min_tokens) == (200, 10)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RAGKEEP_CHUNKING__MAX_TOKENS", "many", "chunking.max_tokens"),
        ("RAGKEEP_CHUNKING__MAX_TOKEN", "200", "chunking.max_token: unknown key (did you mean `max_tokens`?)"),
        ("RAGKEEP_SOURCES", "[not json", "sources"),
    ],
)
def test_a_mistake_in_the_environment_is_a_settings_error_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    for path in (None, written(tmp_path, "")):
        with pytest.raises(SettingsError) as refused:
            load_settings(path)
        assert said in str(refused.value)
        assert "environment" in str(refused.value)
        assert len(str(refused.value).splitlines()) == 1


def test_key_pepper_and_workspace_of_the_environment_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAGKEEP_KEY", "RAGKEEP_PEPPER", "RAGKEEP_WORKSPACE", "RAGKEEP_KILL_AT"):
        monkeypatch.setenv(name, "x")
    assert load_settings(None) == Settings()
    assert keys_from_environment() == {"key": "x", "pepper": "x"}
    monkeypatch.setenv("RAGKEEP_KEY", "")
    assert keys_from_environment()["key"] is None


def test_the_workspace_is_the_option_else_the_environment_else_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAGKEEP_WORKSPACE", raising=False)
    assert workspace_folder(None) == tmp_path / ".ragkeep"
    monkeypatch.setenv("RAGKEEP_WORKSPACE", "theirs")
    assert workspace_folder(None) == tmp_path / "theirs"
    assert workspace_folder(Path("mine")) == tmp_path / "mine"


def test_the_workspaces_own_file_comes_before_that_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = tmp_path / "keep"
    workspace.mkdir()
    assert find_settings_file(workspace) is None
    here = written(tmp_path, "")
    assert find_settings_file(workspace) == here
    own = written(workspace, "")
    assert find_settings_file(workspace) == own


def test_the_template_loads_unchanged_as_the_defaults(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, render_template())) == Settings()
    with_sources = load_settings(written(tmp_path, render_template({"a": "x", "naïve: b": "ü y #1"})))
    assert {name: str(source.path) for name, source in with_sources.sources.items()} == {"a": "x", "naïve: b": "ü y #1"}


@pytest.mark.parametrize("sources", [None, {"a": "x"}])
def test_the_template_with_every_comment_taken_off_loads_and_says_the_defaults(tmp_path: Path, sources: dict[str, str] | None) -> None:
    text = render_template(sources)
    bare = "\n".join(re.sub(r"^# (?=( {2})*[a-z_]+:)", "", line) for line in text.splitlines())
    given = yaml.safe_load(bare)
    assert given.keys() == Settings.model_fields.keys()
    settings = load_settings(written(tmp_path, bare))
    assert settings.model_copy(update={"sources": {}, "readers": {}}) == Settings()
    assert list(settings.sources) == (["a"] if sources else ["handbook"])


def test_every_setting_has_a_sentence_in_the_template() -> None:
    for line in render_template().splitlines():
        if re.match(r"^(# )?\s+[a-z_]+: (?!$)", line):
            assert re.search(r"  # \S+", line), line
