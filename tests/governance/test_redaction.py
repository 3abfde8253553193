"""What is left of a document without some of its people: nothing that names them, and everything else."""

import json
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import PolicySettings
from contracts.consent import ANY_SOURCE, ConsentState
from contracts.ids import Identity
from contracts.tables import ParsedElement
from contracts.terms import Terms
from governance.mentions import MARK, find_mentions, seal_mention, without
from governance.redact import plan_redactions, redact
from governance.terms import effective_terms, seal_subjects

ME = Identity(b"pepper")
ANN, BEN, EVE = (f"{name}@example.org" for name in ("ann", "ben", "eve"))
MENTIONS = {ANN: ["Ann Lê", "Ann"], BEN: ["Ben Okoro"], EVE: ["Eve"]}

words = st.text("abcđểẽ é", min_size=1, max_size=6).filter(str.strip)


def sealed(*texts: str):
    return {mention for text in texts if (mention := seal_mention(text, ME))}


@pytest.mark.parametrize(
    ("text", "mention", "left"),
    [
        ("Ann Lê came.", "ann lê", f"{MARK} came."),
        ("ANN  LÊ, again: Ann-Lê", "Ann Lê", f"{MARK}, again: {MARK}"),
        ("Annual leave of annals", "Ann", "Annual leave of annals"),
        ("write to ann.le@example.org now", "ann.le@example.org", f"write to {MARK} now"),
        ("Bùi Thị Thúy ký", "bùi thị thúy", f"{MARK} ký"),
        ("", "Ann", ""),
    ],
)
def test_a_mention_is_taken_out_whole_and_nothing_else(text, mention, left):
    assert without(text, find_mentions(text, sealed(mention), ME)) == left


@given(st.lists(words, max_size=12).map(" ".join), st.lists(words, min_size=1, max_size=3))
@settings(deadline=None, max_examples=150)
def test_no_mention_is_left_in_any_text_and_a_text_without_one_stays(text, names):
    composed = unicodedata.normalize("NFC", text)
    mentions = sealed(*names)
    left = without(composed, find_mentions(composed, mentions, ME))
    assert find_mentions(left, mentions, ME) == []
    assert (left == composed) == (find_mentions(composed, mentions, ME) == [])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=5))
def test_overlapping_places_share_a_mark_and_all_other_characters_stay(places):
    text = "abcdefghijklmnopqrs"
    spans = [type("S", (tuple,), {})((start, start + length, None)) for start, length in places]
    spans = [find_mentions("x", sealed("x"), ME)[0]._replace(start=start, end=end) for start, end, _ in spans]
    covered = {at for start, end, _ in spans for at in range(start, end)}
    assert without(text, spans).replace(MARK, "") == "".join(letter for at, letter in enumerate(text) if at not in covered)


def test_stored_terms_hold_no_word_of_a_mention():
    stored = json.dumps(seal_subjects({"subjects": [ANN], "mentions": MENTIONS}, ME))
    assert not any(word.lower() in stored.lower() for word in ("ann", "ben", "okoro", "eve", "lê"))
    assert seal_subjects(json.loads(stored), ME) == json.loads(stored)


def elements(*texts: str, html: str | None = None, heading: str = "", links: list[dict[str, str]] | None = None) -> pl.DataFrame:
    ids = ("0" * 32, "1" * 32, "2" * 32)
    rows = [(0, *ids, place, "text", text, html, 0, heading, "", None, None, links) for place, text in enumerate(texts)]
    return pl.DataFrame(rows, schema=ParsedElement.create_empty().schema, orient="row")


def plans(
    policy: str, granted: list[str], *, stated: dict | None = None, uri: str = "a.txt", basis: str = "consent", people=(ANN, BEN, EVE)
):
    own = seal_subjects({"subjects": list(people), "mentions": MENTIONS if stated is None else stated}, ME)
    row = {"document_id": "d", "version_id": "v", "source_id": "s", "uri": uri, "terms": json.dumps(own), "terms_problem": None}
    manifest = pl.DataFrame([row | {"redacted": []}], schema_overrides={"terms_problem": pl.String, "redacted": pl.List(pl.String)})
    terms = effective_terms(manifest, {"s": Terms(lawful_basis=basis, purposes=("retrieval",), classification="public")}, ME)
    consents = ConsentState({(ME.subject(person), "retrieval", ANY_SOURCE): "granted" for person in granted})
    how = PolicySettings(partial_consent=policy)
    return plan_redactions(terms, dict(manifest.select("document_id", "terms").iter_rows()), consents, how, identity=ME).get("d")


def test_those_who_do_not_agree_are_taken_out_and_only_they():
    plan = plans("redact_mentions", [ANN])
    assert plan.mentions.keys() == {ME.subject(BEN), ME.subject(EVE)}
    left, found = redact(elements("Ann met Ben Okoro.", "Eve left.", "Ann stayed."), plan, ME)
    assert left["text"].to_list() == [f"Ann met {MARK}.", f"{MARK} left.", "Ann stayed."]
    assert found == plan.mentions.keys()


def test_a_whole_passage_goes_if_the_policy_says_so():
    left, _ = redact(elements("Ann met Ben Okoro.", "Ann stayed."), plans("redact_passages", [ANN, EVE]), ME)
    assert left["text"].to_list() == [MARK, "Ann stayed."]


def test_headings_and_cells_lose_the_mention_too():
    left, _ = redact(
        elements("Ben Okoro 4000", html="<td>Ben Okoro</td><td>4000</td>", heading="Pay > Ben Okoro"),
        plans("redact_mentions", [ANN, EVE]),
        ME,
    )
    assert left.select("text", "html", "heading_path").row(0) == (f"{MARK} 4000", f"<td>{MARK}</td><td>4000</td>", f"Pay > {MARK}")


def test_no_link_is_left_since_its_target_may_name_a_person_in_other_words():
    links = [{"text": "here", "target": "https://example.org/people/b.okoro"}]
    left, _ = redact(elements("Ann met Ben Okoro.", "See here.", links=links), plans("redact_mentions", [ANN, EVE]), ME)
    assert left["links"].to_list() == [None, None]


def test_cells_in_which_the_mention_cannot_be_seen_go():
    left, _ = redact(elements("Ben Okoro", html="<td>Ben&#8203;&nbsp;Okoro</td>"), plans("redact_mentions", [ANN, EVE]), ME)
    assert left["html"][0] is None


@pytest.mark.parametrize(
    "otherwise",
    [
        {"policy": "refuse"},
        {"granted": []},
        {"granted": [ANN, BEN, EVE]},
        {"stated": {ANN: ["Ann"], BEN: ["Ben"]}},
        {"stated": {**MENTIONS, EVE: ["?!"]}},
        {"uri": "letters/eve.txt"},
        {"basis": "contract"},
        {"people": (BEN,), "granted": []},
    ],
)
def test_what_cannot_or_need_not_be_redacted_has_no_plan(otherwise):
    assert plans(**{"policy": "redact_mentions", "granted": [ANN], **otherwise}) is None
