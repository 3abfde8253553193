"""Where the characters of a document's text stand in the file that it was read from, so that passages can be compared with its excerpts."""

_AGREE = ((24, 5_000), (8, 200), (3, 12))
"""How many characters must agree before a difference is taken to be over, and how far away it may end: the further, the more."""


def align(text: str, original: str, /) -> list[int]:
    """For each character of `text` its offset in `original`, rising, or -1: space has none, nor has what the original does not say.

    A parser moves spaces and leaves marks out, and hardly adds anything; what is not in order is not found.
    """
    at = [offset for offset, character in enumerate(original) if not character.isspace()]
    said = "".join(original[offset] for offset in at)
    asked = [offset for offset, character in enumerate(text) if not character.isspace()]
    words = "".join(text[offset] for offset in asked)
    places = [-1] * len(text)
    here = 0
    for index, offset in enumerate(asked):
        if said[here : here + 1] != words[index]:
            ends = [said.find(words[index : index + length], here, here + horizon) for length, horizon in _AGREE]
            found = next((end for end in ends if end >= 0), None)
            if found is None:
                continue
            here = found
        places[offset] = at[here]
        here += 1
    return places


def span_of(places: list[int], start: int, end: int, /) -> tuple[int, int] | None:
    """From the first to behind the last character of the original that `text[start:end]` came from; None if none did."""
    held = [place for place in places[start:end] if place >= 0]
    return (held[0], held[-1] + 1) if held else None
