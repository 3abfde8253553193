"""Single settings changed for one command, or in the file."""

from pathlib import Path

import pytest

from configs.load import load_settings
from configs.override import override
from configs.settings import Settings
from configs.write import write_settings
from contracts.errors import SettingsError, UsageError


def test_an_assignment_changes_its_setting_and_no_other() -> None:
    before = Settings()
    after = override(before, ["chunking.max_tokens=200", "dedup.numbers_differ=false", "policies.purposes=[retrieval, dpv:Marketing]"])
    assert (after.chunking.max_tokens, after.dedup.numbers_differ, after.policies.purposes[0]) == (200, False, "retrieval")
    assert after.chunking.min_tokens == before.chunking.min_tokens
    assert after.model == before.model
    assert override(before, []) == before


def test_named_entries_are_reached_by_their_names() -> None:
    before = Settings(readers={"alice": {"groups": ["hr"]}})
    after = override(before, ["readers.alice.clearance=internal", "readers.bob.groups=[it]"])
    assert (after.readers["alice"].groups, after.readers["alice"].clearance.value) == (("hr",), "internal")
    assert after.readers["bob"].groups == ("it",)


@pytest.mark.parametrize(
    ("assignment", "error", "said"),
    [
        ("chunking.max_tokens", UsageError, "expected SECTION.KEY=VALUE"),
        ("chunking=1", UsageError, "expected SECTION.KEY=VALUE"),
        ("chunk.max_tokens=1", SettingsError, "--set chunk.max_tokens: unknown section; there are: sources, stores"),
        ("chunking.max=1", SettingsError, "--set chunking.max: unknown key"),
        ("chunking.max_tokens=many", SettingsError, "--set chunking.max_tokens: input should be a valid integer"),
        ("chunking.max_tokens=[", SettingsError, "--set chunking.max_tokens: '[' is not readable as YAML"),
        ("chunking.max_tokens.a=1", SettingsError, "--set chunking.max_tokens"),
    ],
)
def test_what_is_no_setting_is_named(assignment: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as found:
        override(Settings(), [assignment])
    assert said in str(found.value)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", "model:\n  name: m\n"),
        ("# all\n# model:\n#   name: a\n", "# all\n# model:\n#   name: a\nmodel:\n  name: m\n"),
        ("model: {dtype: 'float32'} # ours\n", "model: {dtype: 'float32', name: m} # ours\n"),
        ('notify:\n  # who\n  webhook: "http://h"\nmodel:\n', 'notify:\n  # who\n  webhook: "http://h"\nmodel:\n  name: m\n'),
    ],
)
def test_a_setting_is_written_into_the_file_and_all_else_in_it_stays(tmp_path: Path, text: str, written: str) -> None:
    file = tmp_path / "ragkeep.yaml"
    file.write_text(text)
    write_settings(file, ["model.name=m"])
    assert file.read_text() == written
    assert load_settings(file).model.name == "m"
    assert list(tmp_path.iterdir()) == [file]
