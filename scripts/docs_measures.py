"""The measures and the form of golden questions as tables of the docs, from the code that computes and reads them."""

from pydantic import BaseModel

from evaluation.golden import Golden, Quote
from evaluation.measures import DOCUMENT_MEASURES, FORMULAS, SPAN_MEASURES
from scripts.docs_markdown import code, table


def measures_reference() -> str:
    """Every measure: its name, its formula and what it tells, and under which names it is printed."""
    printed = {}
    for name in (*DOCUMENT_MEASURES, *SPAN_MEASURES):
        printed.setdefault(name.split("@")[0], name)
    rows = ((code(printed[name.split("@")[0]]), formula, tells) for name, (formula, tells) in FORMULAS.items())
    return table(("measure", "formula", "the question it answers"), rows)


def golden_reference() -> str:
    """Every key of a golden question, and of a span in it."""
    return table(("key", ""), (*_keys(Golden, ""), *_keys(Quote, "spans[].")))


def _keys(model: type[BaseModel], path: str) -> list[tuple[str, str]]:
    return [(code(f"{path}{key}"), field.description or "") for key, field in model.model_fields.items()]
