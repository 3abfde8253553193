"""The language of each element, the same one every time."""

from collections.abc import Sequence

_SAMPLE = 10_000
_MIN_LETTERS = 20
_LONG = 100
_PARTS = 5
_LEAST_PARTS = 2
_PART = 1_000
"""Characters that are worth a part of their own."""
_TRIALS = 3
"""Of the detector, which tries seven times unless it is told: on 2,735 elements of 255 documents three gave another language to three."""


def detect_languages(texts: Sequence[str], choices: Sequence[str], /) -> list[str]:
    """An ISO 639-1 code for each text, one of `choices` if there are any; empty where there is too little to tell.

    Samples from the whole document are asked first: only where they disagree are its longer texts looked at one by one.
    """
    if len(choices) == 1:
        return [choices[0]] * len(texts)
    samples = _samples(texts)
    said = [_detect(sample, choices) for sample in samples if sum(map(str.isalpha, sample)) >= _MIN_LETTERS]
    if not said:
        return [""] * len(texts)
    language = max(said, key=said.count)
    if len(set(said)) == 1:
        return [language] * len(texts)
    return [_detect(text[:_SAMPLE], choices) if len(text) >= _LONG else language for text in texts]


def _samples(texts: Sequence[str]) -> list[str]:
    """The document's parts, each thinned to what the detector reads, so that a preface does not decide."""
    count = max(_LEAST_PARTS, min(_PARTS, sum(map(len, texts)) // _PART))
    size = max(1, -(-len(texts) // count))
    parts = (texts[start : start + size] for start in range(0, len(texts), size))
    limit = _SAMPLE // _PARTS
    return ["\n".join(part[:: max(1, sum(map(len, part)) // limit)])[:limit] for part in parts]


def _detect(sample: str, choices: Sequence[str]) -> str:
    from langdetect.lang_detect_exception import LangDetectException  # type: ignore[import-untyped]

    from parsing.quick_language import create_detector

    detector = create_detector(0)
    detector.n_trial = _TRIALS
    detector.append(sample)
    known = {code: 1.0 for code in detector.langlist if code.split("-")[0] in choices}
    try:
        if known:
            detector.set_prior_map(known)
        best = detector.get_probabilities()
    except LangDetectException:
        return ""
    return best[0].lang.split("-")[0] if best else ""
