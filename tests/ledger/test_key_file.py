import base64

import pytest

from contracts.errors import KeyFileError
from ledger.keyfile import KeyMaterial, create_key_file, read_key_file, write_key_file

KEY, PEPPER = bytes(range(32)), bytes(range(32, 64))


def encoded(value):
    return base64.b64encode(value).decode()


def test_a_new_file_reads_back_belongs_to_its_owner_alone_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "w.key"
    made = create_key_file(path)
    assert read_key_file(path) == made
    assert (len(made.key), len(made.pepper), made.origin) == (32, 32, str(path))
    assert made.key != made.pepper
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_secrets_do_not_show_when_printed(tmp_path):
    assert repr(create_key_file(tmp_path / "w.key")) == f"KeyMaterial(origin={str(tmp_path / 'w.key')!r})"


def test_an_existing_file_is_never_overwritten(tmp_path):
    made = create_key_file(tmp_path / "w.key")
    with pytest.raises(KeyFileError, match=r"w\.key: there is already a key file"):
        create_key_file(tmp_path / "w.key")
    assert read_key_file(tmp_path / "w.key") == made


def test_values_from_elsewhere_win_over_the_file_and_are_named_in_errors(tmp_path):
    path = tmp_path / "w.key"
    write_key_file(path, KeyMaterial(KEY, PEPPER, ""))
    assert read_key_file(path, key=encoded(PEPPER)) == KeyMaterial(PEPPER, PEPPER, f"RAGKEEP_KEY and {path}")
    both = read_key_file(tmp_path / "nowhere", key=encoded(KEY), pepper=encoded(PEPPER))
    assert both == KeyMaterial(KEY, PEPPER, "RAGKEEP_KEY and RAGKEEP_PEPPER")
    with pytest.raises(KeyFileError, match=r"^RAGKEEP_PEPPER: the pepper has 3 bytes, not 32"):
        read_key_file(path, pepper=encoded(b"abc"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "the workspace's key file is missing. Put it back"),
        (f"key: {encoded(KEY)}\n", "there is no `pepper: …` line"),
        (f"pepper: {encoded(PEPPER)}\n", "there is no `key: …` line"),
        (f"# key: {encoded(KEY)}\npepper: {encoded(PEPPER)}\n", "there is no `key: …` line"),
        (f"key: {encoded(KEY[:31])}\npepper: {encoded(PEPPER)}\n", "the key has 31 bytes, not 32"),
        (f"key: {encoded(KEY)}\npepper: {encoded(PEPPER * 2)}\n", "the pepper has 64 bytes, not 32"),
        (f"key: ???\npepper: {encoded(PEPPER)}\n", "the key is not base64"),
        ("", "there is no `key: …` line"),
        ("clé: é\n", "the key file cannot be read"),
    ],
)
def test_each_fault_of_a_key_file_has_one_line_that_names_the_file(tmp_path, text, said):
    path = tmp_path / "w.key"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(KeyFileError) as error:
        read_key_file(path)
    assert str(error.value).startswith(f"{path}: {said}")
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be_written_gives_one_clear_line(tmp_path):
    with pytest.raises(KeyFileError, match=r"w\.key: the key file cannot be written \(No such file or directory\)\. Choose another place"):
        create_key_file(tmp_path / "nowhere" / "w.key")
