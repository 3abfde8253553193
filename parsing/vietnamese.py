"""Vietnamese that was written for the fonts of the years before Unicode: TCVN3 (ABC) and VNI, read as Latin letters by everything since.

TCVN3 has a letter in the place of each Latin one, VNI a letter followed by another that stands for its accents. Whether a text is one of
them is decided by its words: read so, nearly all must be syllables that Vietnamese can have. Of capitals TCVN3 knows the plain ones; those
with a tone were set in a font of capitals, and come out as small letters.
"""

import re
import unicodedata
from collections.abc import Callable

_TCVN3_PLACES = "¡¢£¤¥¦§¨©ª«¬\xad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ"
_TCVN3_LETTERS = "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
_TCVN3 = str.maketrans(_TCVN3_PLACES, _TCVN3_LETTERS)
_GRAVE, _ACUTE, _TILDE, _HOOK, _DOT = "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"
_ROOF, _BOWL = "\u0302", "\u0306"
_ALL = ("", _ACUTE, _GRAVE, _HOOK, _TILDE, _DOT)
_TONES = {"ø": _GRAVE, "ù": _ACUTE, "õ": _TILDE, "û": _HOOK, "ï": _DOT}
_VNI = {
    **{vowel + mark: vowel + tone for vowel in "aeiouyôö" for mark, tone in _TONES.items()},
    **{vowel + mark: vowel + _ROOF + tone for vowel in "aeo" for mark, tone in zip("âáàåãä", _ALL, strict=True)},
    **{"a" + mark: "a" + _BOWL + tone for mark, tone in zip("êéèúüë", _ALL, strict=True)},
    "ñ": "đ", "ì": "ì", "í": "í", "æ": "i" + _HOOK, "ó": "i" + _TILDE, "ò": "i" + _DOT, "î": "y" + _DOT, "ô": "ơ", "ö": "ư",
}  # fmt: skip
_VNI_SIGNS = re.compile("[aeiouyôöAEIOUYÔÖ][øùõûïØÙÕÛÏ]|[aeoAEO][âáàåãäÂÁÀÅÃÄ]|[aA][êéèúüëÊÉÈÚÜË]|[ñìíæóòîôöÑÌÍÆÓÒÎÔÖ]")
_HIGH = re.compile("[\xa1-\xff]")
_BEYOND = re.compile("[\u0100-\u024f\u0300-\u036f\u1e00-\u1eff]")
_WORD = re.compile(r"[^\W\d_]+")
_SYLLABLE = re.compile(
    "(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnpqrstvx])?"
    "(?:uyê|uya|uây|uôi|ươi|ươu|iêu|yêu|oai|oay|oeo|uyu|oao|iê|yê|uô|ươ|oa|oă|oe|oo|uâ|uê|uơ|uy|ua|ưa|ia|ai|ao|au|ay|âu|ây|eo|êu|iu|oi|ôi|ơi|ui|ưi|ưu"
    "|[aăâeêioôơuưy])(?:ch|ng|nh|[cmnpt])?"
)
_MARKS = re.compile(f"[{_GRAVE}{_ACUTE}{_TILDE}{_HOOK}{_DOT}]")
_ENOUGH_WORDS = 8
_ENOUGH_SYLLABLES = 0.9
_SAMPLE = 50_000


def legacy_reading(text: str, /) -> Callable[[str], str] | None:
    """How to read a text that was written for old Vietnamese fonts, or None where it was not."""
    sample = text[:_SAMPLE]
    if len(_HIGH.findall(sample)) < _ENOUGH_WORDS or 5 * len(_BEYOND.findall(sample)) > len(_HIGH.findall(sample)):
        return None
    plain = _share(sample, lambda word: word)
    best = max((_tcvn3, _vni), key=lambda reading: _share(sample, reading))
    share = _share(sample, best)
    return best if share >= _ENOUGH_SYLLABLES and share > plain else None


def _tcvn3(text: str) -> str:
    return text.translate(_TCVN3)


def _vni(text: str) -> str:
    return unicodedata.normalize("NFC", _VNI_SIGNS.sub(_vni_letter, text))


def _vni_letter(match: re.Match[str]) -> str:
    signs = match.group()
    letters = _VNI[signs.lower()]
    letters = unicodedata.normalize("NFC", letters.replace("ô", "ơ").replace("ö", "ư") if len(signs) > 1 else letters)
    return letters.upper() if signs[0].isupper() else letters


def _share(sample: str, reading: Callable[[str], str]) -> float:
    """Of the words that have a high letter or a sign, each once, the share that are syllables when they are read so."""
    words = {word for word in re.split(r"[\s.,;:!?()\"/\-0-9]+", sample) if _HIGH.search(word)}
    if len(words) < _ENOUGH_WORDS:
        return 0.0
    return sum(_is_syllable(reading(word)) for word in words) / len(words)


def _is_syllable(word: str) -> bool:
    parts = unicodedata.normalize("NFD", word.lower())
    toneless = unicodedata.normalize("NFC", _MARKS.sub("", parts))
    return len(_MARKS.findall(parts)) <= 1 and _SYLLABLE.fullmatch(toneless) is not None
