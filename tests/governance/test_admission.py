"""Admission is fail closed, whatever the order, and every refusal has its reason."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import PolicySettings
from contracts.consent import ANY_SOURCE, STATES, ConsentState
from contracts.ids import Identity
from contracts.terms import Classification, LawfulBasis, Terms
from governance.admit import ADMITTED, Policy, admit
from governance.terms import effective_terms, seal_subjects
from governance.transfer import transfer_to

ME = Identity(b"pepper")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY_ASKED = ConsentState()
SCHEMA = {
    "document_id": pl.String,
    "version_id": pl.String,
    "source_id": pl.String,
    "uri": pl.String,
    "title": pl.String,
    "lawful_basis": pl.String,
    "purposes": pl.List(pl.String),
    "subject_keys": pl.List(pl.String),
    "groups": pl.List(pl.String),
    "classification": pl.String,
    "jurisdiction": pl.String,
    "date": pl.Date,
    "retention_days": pl.Int64,
    "expires_at": pl.Int64,
    "terms_problem": pl.String,
}
OPEN = {
    "document_id": "d",
    "version_id": "v",
    "source_id": "s",
    "uri": "a.txt",
    "title": "A",
    "lawful_basis": "contract",
    "purposes": ["retrieval"],
    "subject_keys": [],
    "groups": None,
    "classification": "public",
    "jurisdiction": None,
    "date": None,
    "retention_days": None,
    "expires_at": 0,
    "terms_problem": None,
}


def _frame(*documents: dict) -> pl.DataFrame:
    return pl.DataFrame([{**OPEN, **document} for document in documents], schema=SCHEMA)


def _decide(documents, consents=NOBODY_ASKED, *, purposes=("retrieval",), transfer=None, suppressed=(), now=NOW):
    return admit(documents, consents, Policy(purposes, transfer), identity=ME, suppressed=frozenset(suppressed), now=now)


CONSENT = {"lawful_basis": "consent", "subject_keys": ["ann", "bob"]}
BOTH = ConsentState({("ann", "retrieval", ANY_SOURCE): "granted", ("bob", "retrieval", "s"): "granted"})


def test_an_open_document_is_admitted_with_all_that_a_row_says_of_its_terms():
    admitted, refused = _decide(_frame({"groups": ["hr", "board", "hr"], "date": date(2025, 5, 1)}))
    assert refused.height == 0
    assert tuple(admitted.columns) == ADMITTED
    row = admitted.row(0, named=True)
    assert row["terms_hash"] != row["access_key"]
    assert row | {"terms_hash": ""} == {
        "document_id": "d",
        "source_id": "s",
        "uri": "a.txt",
        "title": "A",
        "date": date(2025, 5, 1),
        "purposes": ["retrieval"],
        "consent_state": "not_required",
        "lawful_basis": "contract",
        "groups": ["board", "hr"],
        "classification": "public",
        "expires_at": 0,
        "subject_keys": [],
        "access_key": ME.access(("hr", "board"), "public", ("retrieval",)),
        "terms_hash": "",
    }


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("terms.unreadable", {"terms_problem": "purposes: Input should be a valid tuple"}),
        ("terms.no_lawful_basis", {"lawful_basis": None}),
        ("terms.no_lawful_basis", {"lawful_basis": "because"}),
        ("terms.no_classification", {"classification": None}),
        ("terms.no_classification", {"classification": "secretish"}),
        ("terms.no_purpose", {"purposes": None}),
        ("terms.no_purpose", {"purposes": []}),
        ("purpose.not_served", {"purposes": ["marketing"]}),
        ("consent.no_subject", {"lawful_basis": "consent"}),
        ("consent.missing", CONSENT),
        ("retention.no_date", {"retention_days": 30}),
        ("retention.expired", {"expires_at": int(NOW.timestamp())}),
        ("retention.expired", {"expires_at": 1}),
        ("retention.expired", {"expires_at": None}),
    ],
)
def test_what_nobody_stated_or_knows_is_refused_by_its_rule(rule, broken):
    admitted, refused = _decide(_frame(broken))
    assert admitted.height == 0
    assert refused["rule"].to_list() == [rule]
    assert refused["detail"].item()
    assert refused.columns == ["document_id", "rule", "detail"]


def test_an_expiry_a_second_ahead_is_still_admitted():
    assert _decide(_frame({"expires_at": int(NOW.timestamp()) + 1}))[0].height == 1


@pytest.mark.parametrize("name", ["d", "v", "ann"])
def test_a_suppressed_document_version_or_person_comes_before_every_other_reason(name):
    _, refused = _decide(_frame({"subject_keys": ["ann", "bob"], "lawful_basis": None}), suppressed={name, "other"})
    assert refused["rule"].to_list() == ["erasure.suppressed"]


def test_a_document_of_two_people_needs_both_and_loses_with_either():
    documents = _frame(CONSENT)
    admitted, _ = _decide(documents, BOTH)
    assert admitted.select("consent_state", "lawful_basis").row(0) == ("granted", "consent")
    for person in ("ann", "bob"):
        for scope in (ANY_SOURCE, "s"):
            withdrawn = ConsentState({**BOTH.decisions, (person, "retrieval", scope): "withdrawn"})
            assert _decide(documents, withdrawn)[1]["rule"].to_list() == ["consent.withdrawn"]
        only = ConsentState({key: state for key, state in BOTH.decisions.items() if key[0] != person})
        assert _decide(documents, only)[1]["rule"].to_list() == ["consent.missing"]
        expired = ConsentState({**BOTH.decisions, (person, "retrieval", ANY_SOURCE): "expired", (person, "retrieval", "s"): "expired"})
        assert _decide(documents, expired)[1]["rule"].to_list() == ["consent.expired"]


def test_a_general_withdrawal_wins_over_a_source_and_a_source_over_a_general_grant():
    def of(general, own):
        decisions = {("ann", "p", ANY_SOURCE): general, ("ann", "p", "s"): own}
        return ConsentState({key: state for key, state in decisions.items() if state}).of("ann", "p", "s")

    assert of("withdrawn", "granted") == "withdrawn"
    assert of("granted", "withdrawn") == "withdrawn"
    assert of(None, "granted") == of("granted", None) == "granted"
    assert of(None, None) is None


def test_consent_to_one_purpose_admits_for_that_purpose_alone():
    documents = _frame({**CONSENT, "purposes": ["retrieval", "training", "marketing"]})
    admitted, _ = _decide(documents, BOTH, purposes=("training", "retrieval"))
    assert admitted["purposes"].to_list() == [["retrieval"]]
    assert admitted["access_key"].item() == ME.access((), "public", ("retrieval",))


def test_consent_to_another_source_does_not_count():
    elsewhere = ConsentState({("ann", "retrieval", ANY_SOURCE): "granted", ("bob", "retrieval", "t"): "granted"})
    assert _decide(_frame(CONSENT), elsewhere)[1]["rule"].to_list() == ["consent.missing"]


def test_no_documents_give_two_empty_frames_of_the_same_columns():
    admitted, refused = _decide(_frame())
    full, broken = _decide(_frame({}, {"lawful_basis": None}))
    assert admitted.schema == full.schema
    assert refused.schema == broken.schema


@pytest.mark.parametrize(
    "change",
    [
        {"title": "B"},
        {"uri": "b.txt"},
        {"source_id": "t"},
        {"groups": ["hr"]},
        {"classification": "internal"},
        {"lawful_basis": "public_interest"},
        {"subject_keys": ["ann"]},
        {"expires_at": 2_000_000_000},
    ],
)
def test_any_change_that_a_reader_could_see_changes_the_hash_of_the_terms(change):
    admitted, _ = _decide(_frame({}, change))
    assert admitted["terms_hash"].n_unique() == 2


def test_what_no_row_says_leaves_the_hash_of_the_terms_alone():
    admitted, _ = _decide(_frame({}, {"document_id": "e", "version_id": "w", "date": date(2025, 1, 1), "jurisdiction": "EU", "groups": []}))
    assert admitted["terms_hash"].n_unique() == 1


PEOPLE, PURPOSES = ("ann", "bob", "eve"), ("retrieval", "training")


def _maybe(strategy):
    return st.one_of(st.none(), strategy)


DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "document_id": st.sampled_from("abcdefgh"),
            "lawful_basis": st.sampled_from([None, "consent", "consent", "consent", "contract"]),
            "purposes": _maybe(st.lists(st.sampled_from([*PURPOSES, "marketing"]), max_size=3)),
            "subject_keys": st.lists(st.sampled_from(PEOPLE), max_size=3),
            "groups": _maybe(st.lists(st.sampled_from(["hr", "it"]), max_size=2)),
            "classification": st.sampled_from([None, "public", "internal"]),
            "source_id": st.sampled_from("st"),
            "date": _maybe(st.just(date(2025, 1, 1))),
            "retention_days": st.sampled_from([None, None, 30]),
            "expires_at": st.sampled_from([0, 0, int(NOW.timestamp()) - 5, int(NOW.timestamp()) + 5]),
            "terms_problem": st.sampled_from([None, None, None, "bad"]),
        }
    ),
    max_size=6,
    unique_by=lambda document: document["document_id"],
)
CONSENTS = st.dictionaries(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PURPOSES), st.sampled_from(["", "s", "t"])),
    st.sampled_from(["granted", "granted", "granted", "withdrawn"]),
    min_size=4,
)


def _admitted_for(documents: list[dict], consents: dict, **options) -> set[tuple[str, str]]:
    admitted, refused = _decide(_frame(*documents), ConsentState(consents), purposes=PURPOSES, **options)
    assert sorted([*admitted["document_id"], *refused["document_id"]]) == sorted(document["document_id"] for document in documents)
    assert admitted["purposes"].list.len().min() != 0
    return {(row["document_id"], purpose) for row in admitted.iter_rows(named=True) for purpose in row["purposes"]}


@settings(deadline=None, max_examples=60)
@given(documents=DOCUMENTS, consents=CONSENTS, data=st.data())
def test_dropping_a_grant_or_adding_a_withdrawal_never_admits_more(documents, consents, data):
    before = _admitted_for(documents, consents)
    grants = [key for key, state in consents.items() if state == "granted"]
    if grants:
        dropped = data.draw(st.sampled_from(grants))
        assert _admitted_for(documents, {**consents, dropped: "withdrawn"}) <= before
        assert _admitted_for(documents, {key: state for key, state in consents.items() if key != dropped}) <= before
    person, purpose = data.draw(st.sampled_from(PEOPLE)), data.draw(st.sampled_from(PURPOSES))
    assert _admitted_for(documents, {**consents, (person, purpose, ""): "withdrawn"}) <= before


RESTRICTIONS = st.sampled_from(
    [
        {"retention_days": 10, "date": None},
        {"expires_at": int(NOW.timestamp())},
        {"lawful_basis": None},
        {"classification": None},
        {"purposes": None},
        {"purposes": ["training"]},
        {"terms_problem": "bad"},
        {"subject_keys": list(PEOPLE)},
    ]
)


@settings(deadline=None, max_examples=60)
@given(documents=DOCUMENTS, consents=CONSENTS, restriction=RESTRICTIONS)
def test_a_restriction_never_admits_more(documents, consents, restriction):
    def restricted(document: dict) -> dict:
        if "purposes" in restriction and restriction["purposes"] is not None:
            kept = [purpose for purpose in document["purposes"] or () if purpose in restriction["purposes"]]
            return {**document, "purposes": kept}
        if "subject_keys" in restriction and not document["subject_keys"]:
            return document
        return {**document, **restriction}

    assert _admitted_for([restricted(document) for document in documents], consents) <= _admitted_for(documents, consents)


@settings(deadline=None, max_examples=40)
@given(documents=DOCUMENTS, consents=CONSENTS, suppressed=st.frozensets(st.sampled_from([*"abcd", *PEOPLE])))
def test_a_suppression_removes_what_it_names_and_nothing_else(documents, consents, suppressed):
    named = {document["document_id"] for document in documents if suppressed & {document["document_id"], *document["subject_keys"]}}
    before = _admitted_for(documents, consents)
    assert _admitted_for(documents, consents, suppressed=suppressed) == {(name, purpose) for name, purpose in before if name not in named}


@settings(deadline=None, max_examples=40)
@given(documents=DOCUMENTS, consents=CONSENTS, shuffle=st.randoms(use_true_random=False))
def test_the_decision_depends_neither_on_order_nor_on_neighbours(documents, consents, shuffle):
    shuffled = documents[:]
    shuffle.shuffle(shuffled)
    whole = [frame.sort("document_id") for frame in _decide(_frame(*documents), ConsentState(consents), purposes=PURPOSES)]
    mixed = [frame.sort("document_id") for frame in _decide(_frame(*shuffled), ConsentState(consents), purposes=PURPOSES[::-1])]
    alone = [_decide(_frame(document), ConsentState(consents), purposes=PURPOSES) for document in documents]
    assert all(one.equals(other) for one, other in zip(whole, mixed, strict=True))
    if alone:
        parts = [pl.concat(frames).sort("document_id") for frames in zip(*alone, strict=True)]
        assert all(one.equals(other) for one, other in zip(whole, parts, strict=True))


def test_terms_flow_from_source_and_sidecar_into_a_decision():
    own = seal_subjects({"subjects": ["Ann@example.org "], "lawful_basis": "consent", "title": "Letter"}, ME)
    manifest = pl.DataFrame(
        {
            "document_id": ["d"],
            "version_id": ["v"],
            "source_id": ["s"],
            "uri": ["letter.txt"],
            "terms": [json.dumps(own)],
            "terms_problem": pl.Series([None], dtype=pl.String),
            "redacted": pl.Series([[]], dtype=pl.List(pl.String)),
        }
    )
    documents = effective_terms(manifest, {"s": Terms(purposes="retrieval", classification="internal", lawful_basis="contract")}, ME)
    assert documents.drop("named").schema == pl.Schema(SCHEMA)
    granted = ConsentState({(ME.subject("ann@EXAMPLE.org"), "retrieval", ANY_SOURCE): "granted"})
    assert _decide(documents)[1]["rule"].to_list() == ["consent.missing"]
    assert _decide(documents, granted)[0]["title"].to_list() == ["Letter"]


def _may_be_used(document: dict, purpose: str, decisions: dict) -> str | None:
    """Why not, in plain words, written apart from the code that it judges; None: it may."""
    basis, people, source = document["lawful_basis"], set(document["subject_keys"]), document["source_id"]
    if basis == "consent" and not people:
        return "no_subject"
    found = set()
    for person in people:
        general, own = decisions.get((person, purpose, "")), decisions.get((person, purpose, source))
        taken = [state for state in ("restricted", "objected", "withdrawn") if state in (general, own)]
        if own in ("granted", "expired") and general not in taken:
            taken = []
        in_force = taken[0] if taken else own or general or "missing"
        if in_force == "restricted" and basis != "not_personal":
            found.add("restricted")
        elif in_force == "objected" and basis in ("consent", "legitimate_interest", "public_interest"):
            found.add("objected")
        elif in_force != "granted" and basis == "consent":
            found.add(in_force)
    return next((reason for reason in ("restricted", "objected", "withdrawn", "expired", "missing") if reason in found), None)


DECIDED = st.dictionaries(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PURPOSES), st.sampled_from(["", "s"])),
    st.sampled_from(["granted", "granted", *STATES]),
    max_size=12,
)
NAMING = st.fixed_dictionaries(
    {
        "lawful_basis": st.sampled_from([basis.value for basis in LawfulBasis]),
        "subject_keys": st.lists(st.sampled_from(PEOPLE), max_size=3),
        "source_id": st.sampled_from("st"),
        "purposes": st.lists(st.sampled_from(PURPOSES), min_size=1, max_size=2),
    }
)


@settings(deadline=None, max_examples=150)
@given(documents=st.lists(NAMING, max_size=6), decisions=DECIDED)
def test_what_people_decided_is_judged_by_the_basis_of_each_document(documents, decisions):
    named = [{**document, "document_id": str(number)} for number, document in enumerate(documents)]
    admitted, refused = _decide(_frame(*named), ConsentState(decisions), purposes=PURPOSES)
    assert sorted([*admitted["document_id"], *refused["document_id"]]) == sorted(document["document_id"] for document in named)
    given_for = dict(admitted.select("document_id", "purposes").iter_rows())
    rules = dict(refused.select("document_id", "rule").iter_rows())
    for document in named:
        reasons = {purpose: _may_be_used(document, purpose, decisions) for purpose in sorted(set(document["purposes"]))}
        allowed = [purpose for purpose, reason in reasons.items() if reason is None]
        assert given_for.get(document["document_id"], []) == allowed
        if not allowed:
            order = ["no_subject", "restricted", "objected", "withdrawn", "expired", "missing"]
            assert rules[document["document_id"]] == "consent." + min(reasons.values(), key=order.index)


@settings(deadline=None, max_examples=60)
@given(documents=st.lists(NAMING, max_size=6), decisions=DECIDED, data=st.data())
def test_a_graver_word_never_admits_more(documents, decisions, data):
    named = [{**document, "document_id": str(number)} for number, document in enumerate(documents)]
    before = {
        (row["document_id"], purpose)
        for row in _decide(_frame(*named), ConsentState(decisions), purposes=PURPOSES)[0].iter_rows(named=True)
        for purpose in row["purposes"]
    }
    if decisions:
        key = data.draw(st.sampled_from(sorted(decisions)))
        graver = data.draw(st.sampled_from(STATES[STATES.index(decisions[key]) :]))
        after, _ = _decide(_frame(*named), ConsentState({**decisions, key: graver}), purposes=PURPOSES)
        assert {(row["document_id"], purpose) for row in after.iter_rows(named=True) for purpose in row["purposes"]} <= before


@pytest.mark.parametrize("basis", [basis.value for basis in LawfulBasis])
def test_each_word_ends_just_the_bases_that_it_is_about(basis):
    document = _frame({"lawful_basis": basis, "subject_keys": ["ann"]})
    ended = {state for state in STATES if not _decide(document, ConsentState({("ann", "retrieval", ""): state}))[0].height}
    expected = {
        "consent": {"expired", "withdrawn", "objected", "restricted"},
        "legitimate_interest": {"objected", "restricted"},
        "public_interest": {"objected", "restricted"},
        "contract": {"restricted"},
        "legal_obligation": {"restricted"},
        "not_personal": set(),
    }
    assert ended == expected[basis]


def test_a_purpose_may_be_written_as_a_term_wherever_it_is_stated():
    manifest = pl.DataFrame(
        {
            "document_id": ["d"],
            "version_id": ["v"],
            "source_id": ["s"],
            "uri": ["a.txt"],
            "terms": ["{}"],
            "terms_problem": pl.Series([None], dtype=pl.String),
            "redacted": pl.Series([[]], dtype=pl.List(pl.String)),
        }
    )
    stated = Terms(purposes="https://w3id.org/dpv#SearchFunctionalities", classification="public", lawful_basis="contract")
    assert _decide(effective_terms(manifest, {"s": stated}, ME))[0]["purposes"].to_list() == [["retrieval"]]


PLACES = ("VN", "EU", "SG")
SENDING = st.fixed_dictionaries(
    {
        "may_leave": st.sets(st.sampled_from(Classification)).map(tuple),
        "may_go_to": st.dictionaries(st.sampled_from(PLACES), st.sets(st.sampled_from(PLACES)).map(tuple)),
    }
)
STATED = st.lists(
    st.fixed_dictionaries(
        {
            "classification": st.sampled_from([*Classification, None, "secretish"]),
            "jurisdiction": st.sampled_from([*PLACES, None, "", "DE"]),
        }
    )
)


def _may_be_sent(document, located_in, policies):
    """The rule as a data protection officer states it."""
    whence = document["jurisdiction"]
    at_home = whence == located_in
    return (
        document["classification"] in policies["may_leave"]
        and bool(whence)
        and (at_home or located_in in policies["may_go_to"].get(whence, ()))
    )


@settings(max_examples=200)
@given(policies=SENDING, located_in=st.sampled_from([*PLACES, "US", ""]), stated=STATED)
def test_sent_is_what_may_leave_and_stays_in_its_jurisdiction_or_may_go_to_that_of_the_machine(policies, located_in, stated):
    documents = _frame(*({"document_id": str(place), **each} for place, each in enumerate(stated)))
    admitted, refused = _decide(documents, transfer=transfer_to(located_in, PolicySettings(**policies)))
    assert admitted["document_id"].to_list() == [
        str(place) for place, each in enumerate(stated) if _may_be_sent(each, located_in, policies)
    ]
    assert set(refused["rule"]) <= {
        "terms.no_classification",
        "transfer.not_allowed",
        "transfer.no_jurisdiction",
        "transfer.abroad",
    }


@settings(max_examples=50)
@given(stated=STATED)
def test_where_nothing_is_sent_jurisdictions_refuse_nothing_and_classifications_only_what_is_none(stated):
    documents = _frame(*({"document_id": str(place), **each} for place, each in enumerate(stated)))
    admitted, _ = _decide(documents)
    assert admitted["classification"].to_list() == [
        each["classification"] for each in stated if each["classification"] in set(Classification)
    ]


@pytest.mark.parametrize(
    ("document", "rule", "said"),
    [
        ({"classification": "internal", "jurisdiction": "VN"}, "transfer.not_allowed", "policies.may_leave"),
        ({"jurisdiction": None}, "transfer.no_jurisdiction", "nobody stated its jurisdiction"),
        ({"jurisdiction": "EU"}, "transfer.abroad", "sent from EU to SG, which policies.may_go_to does not allow"),
    ],
)
def test_a_document_that_may_not_be_sent_says_why(document, rule, said):
    policies = PolicySettings(may_leave=("public",), may_go_to={"VN": ("SG",)})
    admitted, refused = _decide(_frame(document, {"jurisdiction": "VN"}), transfer=transfer_to("SG", policies))
    assert (admitted.height, refused["rule"].to_list()) == (1, [rule])
    assert said in refused["detail"][0]


def test_a_jurisdiction_is_the_same_in_any_case_and_empty_is_none():
    assert Terms(jurisdiction=" vn ").jurisdiction == "VN"
    assert Terms(jurisdiction=" ").jurisdiction is None
    assert PolicySettings(may_go_to={"vn": ["sg"]}).may_go_to == {"VN": ("SG",)}


@pytest.mark.parametrize("jurisdiction", ["", "Vietnam", "V", "US-CALI", "U S", "VN;EU", False])
def test_settings_name_jurisdictions_by_codes_that_fit_the_audit(jurisdiction):
    for wrong in ({jurisdiction: ["EU"]}, {"EU": [jurisdiction]}):
        with pytest.raises(ValueError, match=r"jurisdiction|string"):
            PolicySettings(may_go_to=wrong)
