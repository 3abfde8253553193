"""A token is read from its file, and told to nobody."""

from pathlib import Path

import pytest

from configs.tokens import read_token
from contracts.errors import SettingsError


@pytest.mark.parametrize(
    ("held", "text"), [(None, "cannot be read"), (b"\xff", "cannot be read"), (b" \n", "in one line"), (b"a\nb", "in one line")]
)
def test_a_file_without_a_token_is_named_and_not_quoted(tmp_path: Path, held: bytes | None, text: str) -> None:
    file = tmp_path / "milvus.token"
    if held is not None:
        file.write_bytes(held)
    with pytest.raises(SettingsError, match=rf"stores\.milvus_token_file: .*milvus\.token .*{text}"):
        read_token(file, "stores.milvus_token_file")
    file.write_text("root:s3cret\n")
    assert read_token(file, "stores.milvus_token_file") == "root:s3cret"
