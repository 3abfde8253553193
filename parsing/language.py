"""The language of each element, the same one every time."""

from collections.abc import Sequence

_SAMPLE = 10_000
_MIN_LETTERS = 20
_LONG = 100
_SURE = 0.95


def detect_languages(texts: Sequence[str], choices: Sequence[str], /) -> list[str]:
    """An ISO 639-1 code for each text, one of `choices` if there are any; empty where there is too little to tell.

    A document is written in one language until a sample of it leaves a doubt: only then are its longer texts looked at one by one.
    """
    if len(choices) == 1:
        return [choices[0]] * len(texts)
    sample = _sample(texts)
    if sum(map(str.isalpha, sample)) < _MIN_LETTERS:
        return [""] * len(texts)
    language, certainty = _detect(sample, choices)
    if certainty >= _SURE:
        return [language] * len(texts)
    return [_detect(text[:_SAMPLE], choices)[0] if len(text) >= _LONG else language for text in texts]


def _sample(texts: Sequence[str]) -> str:
    """Evenly from the whole document, so that a preface does not decide."""
    step = max(1, sum(map(len, texts)) // _SAMPLE)
    return "\n".join(texts[::step])[:_SAMPLE]


def _detect(sample: str, choices: Sequence[str]) -> tuple[str, float]:
    from langdetect import detector_factory  # type: ignore[import-untyped]
    from langdetect.lang_detect_exception import LangDetectException  # type: ignore[import-untyped]

    detector_factory.init_factory()
    factory = detector_factory._factory
    factory.set_seed(0)
    detector = factory.create()
    detector.append(sample)
    known = {code: 1.0 for code in factory.get_lang_list() if code.split("-")[0] in choices}
    try:
        if known:
            detector.set_prior_map(known)
        best = detector.get_probabilities()
    except LangDetectException:
        return "", 1.0
    return (best[0].lang.split("-")[0], best[0].prob) if best else ("", 1.0)
