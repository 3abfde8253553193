"""The quick detector of languages answers as langdetect does, to the last bit."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from langdetect.detector import Detector  # type: ignore[import-untyped]
from langdetect.lang_detect_exception import LangDetectException  # type: ignore[import-untyped]

from parsing import quick_language
from parsing.quick_language import QuickDetector, create_detector

WORDS = (
    *(
        "the",
        "THE",
        "McDonald's",
        "công",
        "ty",
        "Hội",
        "đồng",
        "Straße",
        "naïve",
        "București",
        "și",
        "kultură",
        "текст",
        "УТВЕРЖДАЮ",
        "あいう",
    ),
    *("カタカナ", "漢字", "한국어", "سلام", "فارسی", "12,5", "https://example.org/a?b=c", "someone@example.org", "a", "b"),
    *("", "\n", "e\u0323\u0302", "\u00a0"),
)
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=40).map(" ".join)


def answer(detector: Detector, text: str, prior: dict[str, float]) -> object:
    detector.seed, detector.n_trial = 0, 3
    detector.append(text)
    if prior:
        detector.set_prior_map(prior)
    try:
        return [(one.lang, one.prob) for one in detector.get_probabilities()]
    except LangDetectException as error:
        return error.code


@example("Ab ABC aB\nA", {})
@given(TEXTS, st.sampled_from([{}, {"en": 1.0, "vi": 1.0}]))
@settings(max_examples=60, deadline=None)
def test_every_probability_is_langdetect_s_own(text: str, prior: dict[str, float]) -> None:
    quick = create_detector(0)
    assert isinstance(quick, QuickDetector)
    assert answer(quick, text, prior) == answer(Detector(quick_language._factory()), text, prior)


def test_of_another_version_the_detector_is_its_own() -> None:
    known, quick_language.KNOWN = quick_language.KNOWN, "0"
    try:
        assert type(create_detector(0)) is Detector
    finally:
        quick_language.KNOWN = known
