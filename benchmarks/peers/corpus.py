"""The folder that every tool is given: 32 short letters and notices about 12 made-up people, with strings that occur nowhere else.

`documents/` is the source. `facts.json` says per file what a user knows of it beyond its text: person, title, consent. `excluded.json` is
the list of files that the user tells the loader to leave out. A tool's process only reads, for which the standard library is enough.
"""

import json
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from random import Random

PEOPLE = 12
_LETTERS = 2
_NOTICES = 6
TWINS = ("north/twin.md", "south/twin.md")
"""Two files with the same bytes, in two folders that a tool may call two sources."""
_SENTENCES = 6


@dataclass(frozen=True, slots=True)
class Fact:
    """What a user knows of a file beside its text. `person` is empty for a notice about nobody."""

    person: str
    title: str
    consent: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and every string that gives them away: one in texts, one in names of files, one in titles, and the identifier."""

    name: str
    canaries: tuple[str, ...]


def person(number: int, /) -> Person:
    """The person of that number, the same every time."""
    name = f"member-{_code('id', number)}"
    return Person(name, (name, f"told-{_code('text', number)}", f"file-{_code('name', number)}", f"titled-{_code('title', number)}"))


def mark(uri: str, /) -> str:
    """The string that stands in the text of that file and in no other, so that an answer shows where it comes from."""
    return f"ref-{_code('mark', uri)}"


def letters(number: int, /) -> list[str]:
    """The files about a person."""
    return [f"{('north', 'south')[place % 2]}/{person(number).canaries[2]}-{place}.md" for place in range(_LETTERS)]


def write_corpus(folder: Path, /) -> Path:
    """The folder, with all documents, all facts and nothing excluded."""
    facts: dict[str, Fact] = {}
    for number in range(PEOPLE):
        told = person(number)
        for place, uri in enumerate(letters(number)):
            _write(folder, uri, f"{told.canaries[1]} {mark(uri)}", uri)
            facts[uri] = Fact(told.name, f"Letter {told.canaries[3]} {place}")
    for number in range(_NOTICES):
        uri = f"{('north', 'south')[number % 2]}/notice-{number}.txt"
        _write(folder, uri, f"All members {mark(uri)}", uri)
        facts[uri] = Fact("", f"Notice {number}")
    for uri in TWINS:
        _write(folder, uri, f"All members {mark('twin')}", "twin")
        facts[uri] = Fact("", "Twin")
    save_facts(folder, facts)
    exclude(folder, [])
    return folder


def _write(folder: Path, uri: str, addressed: str, seed: str) -> None:
    path = folder / "documents" / uri
    path.parent.mkdir(parents=True, exist_ok=True)
    told = _prose(seed)
    path.write_text(f"# To {addressed}\n\n{' '.join(told[:2])}\n\n{' '.join(told[2:])} This concerns {addressed}.\n", encoding="utf-8")


def _prose(seed: str) -> list[str]:
    from benchmarks.prose import sentence

    rng = Random(seed)
    return [sentence(rng) for _ in range(_SENTENCES)]


def edit(folder: Path, uri: str, /) -> None:
    """One sentence more in a file."""
    with (folder / "documents" / uri).open("a", encoding="utf-8") as file:
        file.write(f"\nPS: this was added later, in {_code('edit', uri)}.\n")


def remove(folder: Path, uri: str, /) -> None:
    """The file is gone from the source; what the user knows of it stays."""
    (folder / "documents" / uri).unlink()


def drop_again(folder: Path, uri: str, new: str, /) -> None:
    """The same bytes come under another name, about the same person."""
    facts = read_facts(folder)
    path = folder / "documents" / new
    path.write_bytes((folder / "documents" / uri).read_bytes())
    remove(folder, uri)
    save_facts(folder, facts | {new: facts[uri]})


def change_consent(folder: Path, number: int, /, *, given: bool) -> None:
    """Somebody withdraws, or gives again; texts and names of files stay as they are."""
    facts = read_facts(folder)
    changed = {uri: replace(facts[uri], consent=given) for uri in letters(number)}
    save_facts(folder, facts | changed)


def exclude(folder: Path, uris: list[str], /) -> None:
    (folder / "excluded.json").write_text(json.dumps(uris), encoding="utf-8")


def excluded(folder: Path, /) -> list[str]:
    """The files that the user wants left out."""
    found: list[str] = json.loads((folder / "excluded.json").read_text(encoding="utf-8"))
    return found


def save_facts(folder: Path, facts: dict[str, Fact], /) -> None:
    (folder / "facts.json").write_text(json.dumps({uri: asdict(fact) for uri, fact in facts.items()}), encoding="utf-8")


def read_facts(folder: Path, /) -> dict[str, Fact]:
    """Per path below `documents/`."""
    return {uri: Fact(**fact) for uri, fact in json.loads((folder / "facts.json").read_text(encoding="utf-8")).items()}


def _code(kind: str, what: object) -> str:
    return blake2b(f"{kind} {what}".encode(), digest_size=7).hexdigest()
