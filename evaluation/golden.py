"""Golden questions: what the team itself asks, and what it expects to be found, in a YAML file that they keep.

- question: How long is parental leave?
  sources: [handbook/leave.md]
- question: Who signs for tools?
  id: tools
  spans: [{source: handbook/tools.md, text: the foreman signs}]
  reader: alice
  slices: {topic: workshop}
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from contracts.errors import UsageError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Quote(_Part):
    """Words of a document's text; spaces and line ends between them do not matter."""

    source: str = Field(min_length=1, description="the document's uri, or SOURCE/URI")
    text: str = Field(min_length=1, description="words of its text, as `ragkeep show --text` prints it")


class Golden(_Part):
    """A question, and what ought to be found for it."""

    question: str = Field(min_length=1, description="what is asked")
    id: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="its name in reports; unset: made from the question"
    )
    sources: tuple[str, ...] = Field((), description="documents that answer it, by their uri, or as SOURCE/URI")
    spans: tuple[Quote, ...] = Field((), description="words that answer it: `source` and `text`")
    purpose: str | None = Field(None, description="what it is asked for; unset: the first purpose that the index serves")
    reader: str | None = Field(None, description="who asks, by a name under `readers`; unset: anyone, who sees what is public")
    slices: dict[str, str] = Field({}, description="labels of your own, such as `topic: leave`, to see scores by")

    @model_validator(mode="after")
    def _expects_something(self) -> "Golden":
        if not self.sources and not self.spans:
            raise ValueError("nothing is expected: state `sources` or `spans`")
        return self

    @property
    def expected(self) -> tuple[str, ...]:
        """Every document that it names, each once."""
        return tuple(dict.fromkeys((*self.sources, *(span.source for span in self.spans))))


_FILE = TypeAdapter(tuple[Golden, ...])


def read_golden(path: Path, /) -> tuple[Golden, ...]:
    """The questions of a file, in its order. Raises UsageError with one line a mistake."""
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        raise UsageError(f"{path}:{line} not readable as YAML: {getattr(error, 'problem', None) or 'no UTF-8'}") from None
    if not isinstance(said, list) or not said:
        raise UsageError(f"{path}: expected a list of questions, each beginning with `- question: …`")
    try:
        questions = _FILE.validate_python([_texts(one) for one in said])
    except ValidationError as error:
        raise UsageError("\n".join(f"{path}: {_described(problem)}" for problem in error.errors())) from None
    _refuse_twice(path, questions)
    return questions


def _texts(said: Any) -> Any:
    """YAML reads `id: 7` and a slice `year: 2031` as numbers."""
    if not isinstance(said, dict):
        return said
    slices = said.get("slices")
    plain = {name: str(value) if name == "id" and isinstance(value, int) else value for name, value in said.items()}
    return plain | ({"slices": {str(name): str(value) for name, value in slices.items()}} if isinstance(slices, dict) else {})


def _described(problem: Any) -> str:
    number, *rest = problem["loc"]
    path = ".".join(str(part) for part in rest)
    said = {"extra_forbidden": "unknown key", "missing": "missing"}.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    if problem["type"] == "extra_forbidden":
        said += f"; there are: {', '.join(Golden.model_fields)}" if len(rest) == 1 else ""
    return f"question {int(number) + 1}: {path}{': ' if path else ''}{said[0].lower()}{said[1:]}"


def _refuse_twice(path: Path, questions: Iterable[Golden]) -> None:
    asked = Counter((one.id or one.question) for one in questions)
    if twice := [name for name, count in asked.items() if count > 1]:
        raise UsageError("\n".join(f"{path}: {name!r} is there twice; give each question an `id` of its own" for name in twice))
