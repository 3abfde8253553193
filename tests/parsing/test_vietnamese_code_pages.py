"""Laws of reading what was written for old Vietnamese fonts."""

import json
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from parsing.decode import decode
from parsing.read import read
from parsing.reading import How
from parsing.vietnamese import _TCVN3_LETTERS, _TCVN3_PLACES, _VNI, legacy_reading

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TEXT = (
    "Hội đồng quản trị họp mỗi quý một lần và thông báo cho các cổ đông về kết quả kinh doanh của công ty. "
    "Trẻ em dưới sáu tuổi được khám chữa bệnh miễn phí; người cao tuổi cũng vậy. Đường Nguyễn Huệ, thành phố Huế."
)
OTHERS = (
    "Où est la bibliothèque? Elle est fermée à cette heure-là, déjà dès l'été. L'élève préfère le café crème, la forêt et la mère.",
    "Die schöne Frau hat Äpfel gegessen, das war köstlich für fünf Gäste aus Österreich, die früher größer über den Fluß führen.",
    "El niño comió una piña mañana; la señora enseñó español aquí, allí, también después del café con azúcar según el médico.",
    "Não são três irmãos, é só um coração à espera da manhã; você está até amanhã na região de São João, à noite, lá.",
    "Þú ert góður maður, sagði hún, og fór út í bæ með bróður sínum að kaupa mjólk og brauð á lágu verði í fyrramálið.",
)
VNI_SIGNS = {
    unicodedata.normalize("NFC", letters.replace("ô", "ơ").replace("ö", "ư") if len(signs) > 1 else letters): signs
    for signs, letters in _VNI.items()
}
VNI_SIGNS |= {letters.upper(): signs.upper() for letters, signs in VNI_SIGNS.items()}
SYLLABLES = st.lists(st.sampled_from(TEXT.replace(";", "").replace(".", "").replace(",", "").split()), min_size=30, max_size=80)


def as_tcvn3(text: str) -> str:
    return text.lower().translate(str.maketrans(_TCVN3_LETTERS, _TCVN3_PLACES))


def as_vni(text: str) -> str:
    return "".join(VNI_SIGNS.get(letter, letter) for letter in text)


@given(SYLLABLES)
@settings(deadline=None, max_examples=60)
def test_a_text_in_either_of_them_comes_back_in_unicode(words: list[str]) -> None:
    text = " ".join(words)
    assume(len({word for word in words if not word.isascii()}) >= 16)
    assert decode(as_tcvn3(text).encode("latin-1")) == text.lower()
    assert decode(as_vni(text).encode("latin-1")) == text


@pytest.mark.parametrize("text", [TEXT, TEXT.encode("utf-8").decode(), *OTHERS], ids=str.split)
def test_a_text_in_any_other_language_or_in_unicode_is_left_alone(text: str) -> None:
    assert legacy_reading(text * 3) is None


def test_pages_and_tables_are_read_so_too_whatever_encoding_says_their_letters() -> None:
    cells = [word.strip(".,;") for word in TEXT.split()]
    answer = read("\n".join(f"{as_vni(cell)}\tx" for cell in cells).encode("utf-16"), "a.tsv", How())
    (table,) = answer["elements"]
    assert table.text == "\n".join(f"{cell} | x" for cell in cells)
    assert f"<td>{cells[0]}</td>" in table.html


@pytest.mark.skipif(shutil.which("iconv") is None, reason="iconv is not here")
def test_the_letters_of_tcvn3_are_those_of_the_standard() -> None:
    places = _TCVN3_PLACES.encode("latin-1")
    done = subprocess.run(
        ["iconv", "-f", "TCVN5712-1", "-t", "UTF-8"], input=b" ".join(bytes([place]) for place in places), capture_output=True
    )
    if done.returncode:
        pytest.skip("this iconv does not know the standard")
    assert unicodedata.normalize("NFC", done.stdout.decode()).split(" ") == list(_TCVN3_LETTERS)


@pytest.mark.skipif(not DATA.exists(), reason="the shared corpus is not here")
def test_two_laws_come_back_from_both() -> None:
    for name in ("constitution-2013", "cybersecurity-law-2018"):
        lines = (DATA / "vn_laws" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
        text = unicodedata.normalize("NFC", "\n".join(str(value) for line in lines if line for value in json.loads(line).values()))
        vni, tcvn3 = as_vni(text), as_tcvn3(text)
        assert legacy_reading(vni) is not None
        assert legacy_reading(tcvn3) is not None
        assert legacy_reading(tcvn3)(tcvn3) == text.lower()  # type: ignore[misc]
        assert legacy_reading(vni)(vni) == text  # type: ignore[misc]
