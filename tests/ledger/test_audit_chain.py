"""The laws of the chain, on rows as a database would give them."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.chain import GENESIS, Problem, link, verify_chain
from ledger.events import Event, canonical, read_canonical

T = datetime(2026, 1, 1, tzinfo=UTC)
modest = settings(deadline=None, max_examples=80)

ids = st.text("0123456789abcdef", min_size=32, max_size=32)
events = st.builds(
    Event,
    st.integers(-(10**15), 10**15).map(lambda microseconds: T + timedelta(microseconds=microseconds)),
    st.text("añBc đ.@'\"\\", min_size=1, max_size=8),
    st.sampled_from(["search", "consent.granted", "erase"]),
    st.lists(ids, max_size=3).map(tuple),
    st.sampled_from(["", "retrieval", "https://w3id.org/dpv#ServiceProvision"]),
    st.sampled_from(["allowed", "refused"]),
    st.sampled_from(["", "no_consent"]),
    st.dictionaries(st.sampled_from(["hits", "withheld", "documents"]), st.integers(-5, 10**12), max_size=3),
)


def chain(events, previous=GENESIS, start=1):
    rows = []
    for sequence, event in enumerate(events, start=start):
        text = canonical(sequence, event).encode()
        previous = link(previous, text)
        rows.append((sequence, text, previous))
    return rows


chains = st.lists(events, min_size=1, max_size=12).map(chain)


def places(found):
    return [problem.sequence for problem in found.problems]


def marks(rows, *sequences):
    return {sequence: {rows[sequence - 1][2]} for sequence in sequences}


def test_the_canonical_form_and_the_hash_are_these():
    event = Event(T, "hr", "search", ("f" * 32, "0" * 32, "f" * 32), "retrieval", "refused", "no_terms", {"hits": 0, "asked": 5})
    text = (
        '{"sequence":1,"at":"2026-01-01T00:00:00.000000+00:00","actor":"hr","action":"search",'
        '"objects":["00000000000000000000000000000000","ffffffffffffffffffffffffffffffff"],'
        '"purpose":"retrieval","decision":"refused","rule":"no_terms","counts":{"asked":5,"hits":0}}'
    )
    assert canonical(1, event) == text
    assert chain([event])[0][2] == hashlib.sha256(bytes(32) + text.encode()).digest()


@given(events, st.integers(1, 10**9))
@modest
def test_an_event_reads_back_from_its_canonical_form(event, sequence):
    text = canonical(sequence, event)
    assert read_canonical(text.encode()) == event
    assert canonical(sequence, read_canonical(text.encode())) == text


@given(events, st.integers(-12, 12))
@modest
def test_the_canonical_form_does_not_depend_on_time_zone_order_or_repetition(event, hours):
    same = Event(
        event.at.astimezone(timezone(timedelta(hours=hours))),
        event.actor,
        event.action,
        (*event.objects[::-1], *event.objects),
        event.purpose,
        event.decision,
        event.rule,
        dict(reversed(event.counts.items())),
    )
    assert canonical(1, same) == canonical(1, event)


@given(chains)
@modest
def test_an_untouched_chain_with_checkpoints_at_every_event_is_sound(rows):
    found = verify_chain(iter(rows), marks(rows, *range(1, len(rows) + 1)))
    assert found.problems == ()
    assert (found.events, found.checkpoints, found.covered, found.more) == (len(rows), len(rows), len(rows), 0)
    assert (found.head.sequence, found.head.hash) == (len(rows), rows[-1][2].hex())


def test_an_empty_chain_is_sound_and_starts_from_zeros():
    found = verify_chain([], {})
    assert (found.events, found.head.sequence, found.head.hash, found.problems) == (0, 0, "00" * 32, ())


@given(chains, st.data())
@modest
def test_any_edit_of_any_event_is_found_at_that_event_and_nowhere_else(rows, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    sequence, event, digest = rows[at]
    position = data.draw(st.integers(0, len(event) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != event[position]))
    changed = data.draw(
        st.sampled_from([event[:position] + bytes([byte]) + event[position + 1 :], event[:position], event + b" ", b"", event[:-1]])
    )
    if changed == event:
        return
    rows[at] = (sequence, changed, digest)
    assert places(verify_chain(rows, {})) == [sequence]


@given(chains, st.data())
@modest
def test_any_edit_of_any_hash_is_found_at_that_event_and_nowhere_else(rows, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    sequence, event, digest = rows[at]
    rows[at] = (sequence, event, data.draw(st.binary(max_size=33).filter(lambda value: value != digest)))
    assert places(verify_chain(rows, {})) == [sequence]


@given(chains, st.data())
@modest
def test_any_set_of_edited_events_is_found_at_each_of_them(rows, data):
    edited = sorted(data.draw(st.sets(st.integers(1, len(rows)), min_size=1)))
    for sequence in edited:
        _, event, digest = rows[sequence - 1]
        rows[sequence - 1] = (sequence, event[:-2] + b',"x":1}}', digest)
    assert places(verify_chain(rows, {})) == edited


@given(chains, events, st.data())
@modest
def test_an_event_rewritten_with_its_hash_is_found_at_the_next_one_or_at_a_checkpoint(rows, event, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    checkpoints = marks(rows, len(rows))
    [rewritten] = chain([event], rows[at - 1][2] if at else GENESIS, at + 1)
    if rewritten == rows[at]:
        return
    rows[at] = rewritten
    if at < len(rows) - 1:
        assert places(verify_chain(rows, {})) == [at + 2]
        assert "one of these was changed" in verify_chain(rows, {}).problems[0].what
    else:
        assert verify_chain(rows, {}).problems == ()
        assert verify_chain(rows, checkpoints).problems


@given(chains, st.data())
@modest
def test_removed_events_are_named_and_what_is_left_of_the_chain_is_still_checked(rows, data):
    first = data.draw(st.integers(1, len(rows)))
    last = data.draw(st.integers(first, len(rows)))
    left = [row for row in rows if not first <= row[0] <= last]
    found = verify_chain(left, {})
    if last == len(rows):
        assert found.problems == ()  # a tail leaves no gap: see the checkpoints
        assert places(verify_chain(left, marks(rows, len(rows)))) == [first]
    else:
        [problem] = found.problems
        named = f"event {first} is missing" if first == last else f"events {first} to {last} are missing"
        assert problem == Problem(first, f"{named}, so event {last + 1} cannot be linked to what came before it")


@given(chains, st.data())
@modest
def test_removal_with_the_rest_renumbered_is_found_where_it_happened(rows, data):
    gone = data.draw(st.integers(1, len(rows)))
    renumbered = [(number, event, digest) for number, (_, event, digest) in enumerate(rows[: gone - 1] + rows[gone:], start=1)]
    if gone == len(rows):
        return
    found = verify_chain(renumbered, {})
    assert found.problems[0].sequence == gone
    assert "what stands here is not this event" in found.problems[0].what


@given(st.lists(events, min_size=2, max_size=12).map(chain), st.data())
@modest
def test_swapped_events_are_found_at_both_places(rows, data):
    one, other = data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=2, max_size=2).map(sorted))
    rows[one], rows[other] = (rows[one][0], *rows[other][1:]), (rows[other][0], *rows[one][1:])
    found = verify_chain(rows, {})
    assert {one + 1, other + 1} <= set(places(found)) <= {one + 1, one + 2, other + 1, other + 2}
    assert all("not this event" in problem.what for problem in found.problems if problem.sequence in (one + 1, other + 1))


@given(chains, st.data())
@modest
def test_an_inserted_event_is_found(rows, data):
    text = rows[data.draw(st.integers(0, len(rows) - 1))][1]
    number = data.draw(st.sampled_from([0, -3, len(rows) + 2]))
    found = verify_chain(sorted([*rows, (number, text, b"x" * 32)]), {})
    assert found.problems[0].sequence == min(number, len(rows) + 1)


@given(st.lists(events, min_size=2, max_size=12).map(chain), st.data())
@modest
def test_a_rewritten_chain_is_found_between_the_last_checkpoint_that_fits_and_the_first_that_does_not(rows, data):
    begins = data.draw(st.integers(1, len(rows)))
    marked = sorted(data.draw(st.sets(st.integers(1, len(rows)), min_size=1)))
    other = [read_canonical(event) for _, event, _ in rows[begins - 1 :]]
    other[0] = Event(T, "somebody else", "search")
    rewritten = rows[: begins - 1] + chain(other, rows[begins - 2][2] if begins > 1 else GENESIS, begins)
    assert verify_chain(rewritten, {}).problems == ()
    found = verify_chain(rewritten, marks(rows, *marked))
    fits, broken = [n for n in marked if n < begins], [n for n in marked if n >= begins]
    assert found.covered == max(fits, default=0)
    assert found.checkpoints == len(fits)
    assert places(found) == ([max(fits, default=0) + 1] if broken else [])


@given(chains, st.integers(1, 50), st.data())
@modest
def test_a_ledger_behind_its_last_checkpoint_is_told_where_it_ends(rows, beyond, data):
    checkpoints = marks(rows, data.draw(st.integers(1, len(rows)))) | {len(rows) + beyond: {b"h" * 32}}
    found = verify_chain(rows, checkpoints)
    [problem] = found.problems
    assert problem.sequence == len(rows) + 1
    assert problem.what.endswith("the ledger ends before its last checkpoint")


def test_two_checkpoints_of_one_event_that_differ_are_a_fork():
    rows = chain([Event(T, "hr", "search")] * 3)
    found = verify_chain(rows, {2: {rows[1][2], b"h" * 32}})
    assert (places(found), found.checkpoints, found.covered) == ([1], 1, 0)


tampering = st.lists(st.tuples(st.sampled_from(["drop", "swap", "edit", "hash", "copy", "number"]), st.integers(0, 99), st.integers(0, 99)))


@given(chains, tampering)
@settings(deadline=None, max_examples=200)
def test_whatever_is_done_to_a_chain_up_to_its_last_checkpoint_is_found(original, steps):
    rows = list(original)
    for what, one, two in steps:
        if rows:
            tamper(rows, what, one, two)
    rows.sort()
    found = verify_chain(rows, marks(original, len(original)))
    assert bool(found.problems) == (rows != original)


def tamper(rows, what, one, two):
    at, other = one % len(rows), two % len(rows)
    sequence, event, digest = rows[at]
    match what:
        case "drop":
            del rows[at]
        case "swap":
            rows[at], rows[other] = (sequence, *rows[other][1:]), (rows[other][0], event, digest)
        case "edit":
            rows[at] = (sequence, event.replace(b"search", b"erase"), digest)
        case "hash":
            rows[at] = (sequence, event, link(rows[at - 1][2] if at else GENESIS, event))
        case "copy":
            rows[at] = (sequence, rows[other][1], rows[other][2])
        case "number":
            rows[at] = (two, event, digest)


@pytest.mark.parametrize("count", [100, 101, 5_000])
def test_at_most_a_hundred_problems_are_listed_and_the_others_counted(count):
    rows = [(sequence, event, b"h" * 32) for sequence, event, _ in chain([Event(T, "hr", "search")] * count)]
    found = verify_chain(rows, {})
    assert (len(found.problems), found.more) == (100, count - 100)
    assert places(found) == list(range(1, 101))
