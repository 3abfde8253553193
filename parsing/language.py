"""The language of a document, the same one every time."""

from collections.abc import Sequence

_SAMPLE = 10_000
_MIN_LETTERS = 20


def detect_language(texts: Sequence[str], choices: Sequence[str], /) -> str:
    """ISO 639-1 code of what most of a document is written in, one of `choices` if there are any; empty where there is too little to tell."""
    if len(choices) == 1:
        return choices[0]
    sample = "\n".join(texts)[:_SAMPLE]
    if sum(letter.isalpha() for letter in sample) < _MIN_LETTERS:
        return ""
    return _detect(sample, choices)


def _detect(sample: str, choices: Sequence[str]) -> str:
    from langdetect import detector_factory
    from langdetect.lang_detect_exception import LangDetectException

    detector_factory.init_factory()
    factory = detector_factory._factory
    factory.set_seed(0)
    detector = factory.create()
    detector.append(sample)
    known = {code: 1.0 for code in factory.get_lang_list() if code.split("-")[0] in choices}
    try:
        if known:
            detector.set_prior_map(known)
        return str(detector.detect()).split("-")[0].replace("unknown", "")
    except LangDetectException:
        return ""
