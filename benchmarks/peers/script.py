"""The tests, the same for every tool. Each begins with everything loaded and says what came of it, with a number."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import corpus
from benchmarks.peers.rig import Rig
from forensics.scan import scan

PASSED, FAILED, NOT_OFFERED = "pass", "fail", "not offered"
_KILLS = (0.1, 0.3, 0.5, 0.65, 0.8, 0.95)
_FEWEST_KILLS = 3
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict and the observation that it rests on."""

    verdict: str
    evidence: str


def edited(rig: Rig, /) -> Outcome:
    """The next run replaces the text of an edited file."""
    corpus.edit(rig.corpus, corpus.letters(0)[0])
    wanted = rig.rebuilt()
    rig.load()
    stale, missing = _difference(rig.served(), wanted)
    return _judged(not stale and not missing, f"{missing} new texts missing, {stale} old texts still there")


def removed(rig: Rig, /) -> Outcome:
    """The next run takes out the text of a removed file."""
    uri = corpus.letters(1)[0]
    corpus.remove(rig.corpus, uri)
    rig.load()
    left = len(rig.served(naming=corpus.mark(uri)))
    return _judged(left == 0, f"{_texts(left)} of the removed file still returned")


def unchanged(rig: Rig, /) -> Outcome:
    """A second run embeds nothing and writes nothing."""
    before = rig.files_of_store()
    done = rig.load()
    changed = sum(before.get(name) != digest for name, digest in rig.files_of_store().items())
    said = "" if done.written is None else f", {done.written} rows written by its own count"
    quiet = done.written == 0 if done.written is not None else changed == 0
    return _judged(done.embedded == 0 and quiet, f"{_texts(done.embedded)} embedded{said}, {changed} files of the vector store changed")


def twins(rig: Rig, /) -> Outcome:
    """Of two files with the same text, deleting one keeps the answer, and deleting both does not."""
    one, other = corpus.TWINS
    marked = corpus.mark("twin")
    corpus.remove(rig.corpus, one)
    rig.load()
    first = len(rig.served(naming=marked))
    corpus.remove(rig.corpus, other)
    rig.load()
    second = len(rig.served(naming=marked))
    return _judged(first > 0 and second == 0, f"{_texts(first)} after the first deletion, {second} after the second")


def consent(rig: Rig, /) -> Outcome:
    """A withdrawn consent takes the texts out, a new one brings them back, and neither embeds anything."""
    if not rig.tool.metadata:
        return Outcome(NOT_OFFERED, "files carry no metadata of the user's own")
    told = corpus.person(3).canaries[1]
    corpus.change_consent(rig.corpus, 3, given=False)
    first = rig.load()
    left = len(rig.served(naming=told))
    corpus.change_consent(rig.corpus, 3, given=True)
    second = rig.load()
    again = len(rig.served(naming=told))
    texts = first.embedded + second.embedded
    held = left == 0 and again > 0
    return _judged(
        held and texts == 0, f"{left} returned after the withdrawal, {again} after the new consent; {_texts(texts)} embedded for both"
    )


def erased(rig: Rig, /) -> Outcome:
    """Somebody erased by id stays away although the files still lie in the source."""
    told = corpus.person(4)
    if not rig.erase(told.name):
        return Outcome(NOT_OFFERED, "it has no call that deletes: what is to go must leave the source")
    at_once = len(rig.served(naming=told.canaries[1]))
    rig.load()
    later = len(rig.served(naming=told.canaries[1]))
    return _judged(at_once == 0 and later == 0, f"{_texts(at_once)} returned after the erasure, {later} after the next run")


def left_out(rig: Rig, /) -> Outcome:
    """Somebody whose files the user's loader leaves out is not returned after the next run."""
    told = corpus.person(4).canaries[1]
    corpus.exclude(rig.corpus, corpus.letters(4))
    rig.load()
    left = len(rig.served(naming=told))
    return _judged(left == 0, f"{_texts(left)} returned after the next run")


def bytes_gone(rig: Rig, /) -> Outcome:
    """After an erasure and every clean-up that is documented, no file of the state holds a string of that person."""
    told = corpus.person(5)
    how = _make_away(rig, 5)
    rig.cleanup()
    found = scan([rig.state], [canary.encode() for canary in told.canaries])
    places: Counter[str] = Counter()
    for hit in found.found:
        places[_place(hit.file)] += hit.times
    told_places = ", ".join(f"{place} {times}" for place, times in places.most_common(4))
    unread = f"; {len(found.unread)} files not fully readable" if found.unread else ""
    hits = sum(places.values())
    return _judged(found.proves_absence, f"{how}: {hits} hits in {found.files} files{f' ({told_places})' if hits else ''}{unread}")


def dropped_again(rig: Rig, /) -> Outcome:
    """A file of an erased person that comes again under another name is not taken in."""
    told = corpus.person(6).canaries[1]
    how = _make_away(rig, 6)
    first, second = corpus.letters(6)
    corpus.remove(rig.corpus, second)
    corpus.drop_again(rig.corpus, first, "north/received.md")
    rig.load()
    back = len(rig.served(naming=told))
    return _judged(back == 0, f"{how}: {_texts(back)} returned after the next run")


def zombie(rig: Rig, /) -> Outcome:
    """A backup of the vector store from before a deletion is put back: the next run takes the row out."""
    uri = corpus.letters(7)[0]
    rig.keep(f"state/{rig.tool.store}", under="backup")
    corpus.remove(rig.corpus, uri)
    rig.load()
    rig.back(f"state/{rig.tool.store}", under="backup")
    at_once = len(rig.served(naming=corpus.mark(uri)))
    rig.load()
    later = len(rig.served(naming=corpus.mark(uri)))
    seen = f"{_texts(at_once)} returned after the restoration, {later} after the next run"
    return _judged(later == 0, seen + _with_thorough_run(rig, later == 0, corpus.mark(uri)))


def lost(rig: Rig, /) -> Outcome:
    """A backup of the vector store from before an addition is put back: the next run brings the row again."""
    uri = corpus.letters(8)[0]
    path = rig.corpus / "documents" / uri
    content = path.read_bytes()
    path.unlink()
    rig.empty()
    rig.load()
    rig.keep(f"state/{rig.tool.store}", under="backup")
    path.write_bytes(content)
    rig.load()
    rig.back(f"state/{rig.tool.store}", under="backup")
    rig.load()
    there = len(rig.served(naming=corpus.mark(uri)))
    return _judged(
        there > 0, f"{_texts(there)} of the file returned after the next run" + _with_thorough_run(rig, there > 0, corpus.mark(uri))
    )


def killed(rig: Rig, /) -> Outcome:
    """kill -9 at several moments of a run that has changes to apply: the run after it ends where an undisturbed one does."""
    for number in (0, 1, 2):
        corpus.edit(rig.corpus, corpus.letters(number)[0])
        corpus.remove(rig.corpus, corpus.letters(number)[1])
    rig.keep("state", under="before")
    seconds = rig.timed_load()
    wanted = rig.served()
    same, missing, extra, confirmed = 0, 0, 0, 0
    for share in _KILLS:
        confirmed += _kill(rig, share * seconds)
        rig.load()
        more, less = _difference(rig.served(), wanted)
        same, missing, extra = same + (not more and not less), missing + less, extra + more
    seen = f"{confirmed} kills in mid-run; {same} of {len(_KILLS)} runs after it ended right, {missing} texts missing and {extra} too many"
    return _judged(same == len(_KILLS) and confirmed >= _FEWEST_KILLS, seen)


def receipt(rig: Rig, /) -> Outcome:
    """An erasure leaves a receipt that verifies away from the tool's state, and does not with a byte changed."""
    if not rig.erase(corpus.person(9).name):
        return Outcome(NOT_OFFERED, "no call that deletes, and no receipt")
    checked = rig.receipt()
    if checked is None:
        return Outcome(NOT_OFFERED, "the call that deletes returns nothing to keep")
    whole, changed = checked
    return _judged(whole and not changed, f"verified: {whole}; with one byte changed: {changed}")


Test = Callable[[Rig], Outcome]
TESTS: dict[str, Test] = {
    test.__name__: test
    for test in (
        *(edited, removed, unchanged, twins, consent),
        *(erased, left_out, bytes_gone, dropped_again, receipt),
        *(zombie, lost, killed),
    )
}


def _make_away(rig: Rig, number: int) -> str:
    """Erases a person by the tool's call, or by leaving the files out where there is none. How it was done."""
    if rig.erase(corpus.person(number).name):
        return "erased by its call"
    corpus.exclude(rig.corpus, corpus.letters(number))
    rig.load()
    return "files left out"


def _kill(rig: Rig, after: float) -> bool:
    """Whether a run was killed; one that was over before it could be is tried again with less time, three times in all."""
    for _ in range(_TRIES):
        rig.back("state", under="before")
        if rig.load_and_kill(after):
            return True
        after /= 2
    return False


def _with_thorough_run(rig: Rig, mended: bool, marked: str) -> str:
    if mended or not rig.tool.thorough:
        return ""
    rig.load(thorough=True)
    return f"; {len(rig.served(naming=marked))} after a run with {rig.tool.thorough}"


def _difference(found: list[str], wanted: list[str]) -> tuple[int, int]:
    """How many texts are too many, and how many are missing; a text that is there twice counts twice."""
    have, want = Counter(found), Counter(wanted)
    return (have - want).total(), (want - have).total()


def _place(file: str) -> str:
    """A file's place in words that are the same in every run: names made of random letters are left out."""
    path = Path(file)
    kind = path.suffix or path.name
    folder = next((part for part in path.parts[1:-1]), "")
    return f"{folder}/*{kind}" if folder and kind != path.name else (f"{folder}/{path.name}" if folder else path.name)


def _texts(count: int) -> str:
    return f"{count} text" if count == 1 else f"{count} texts"


def _judged(holds: bool, evidence: str) -> Outcome:
    return Outcome(PASSED if holds else FAILED, evidence)
