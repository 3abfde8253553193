"""Which documents' texts may be sent to another machine: by their classification, and by the jurisdictions at both ends."""

from dataclasses import dataclass

import polars as pl

from configs.settings import PolicySettings
from contracts.terms import Classification

Rule = tuple[str, pl.Expr, pl.Expr | str]
"""Its name, what breaks it, and what is said of a document that does. An answer that is null breaks it."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Texts are sent to a machine in `located_in`, and policy says which."""

    located_in: str
    classifications: tuple[Classification, ...]
    jurisdictions: tuple[str, ...]
    """Of the documents whose texts may be sent there."""


def transfer_to(located_in: str, how: PolicySettings, /) -> Transfer:
    """What may be sent there: texts of the same jurisdiction, and of those that policy lets go to it. Nowhere stated, nothing may."""
    others = [jurisdiction for jurisdiction, places in how.may_go_to.items() if located_in in places]
    return Transfer(located_in, how.may_leave or (), (*filter(None, [located_in]), *others))


def transfer_rules(transfer: Transfer, /) -> list[Rule]:
    """What a document (classification, jurisdiction) must not break for its texts to be sent."""
    jurisdiction = pl.col("jurisdiction")
    return [
        (
            "transfer.not_allowed",
            ~pl.col("classification").is_in(list(transfer.classifications)),
            "its text would be sent to another machine, which policies.may_leave does not allow for its classification",
        ),
        (
            "transfer.no_jurisdiction",
            jurisdiction.is_null(),
            "its text would be sent to another machine, and nobody stated its jurisdiction",
        ),
        (
            "transfer.abroad",
            ~jurisdiction.is_in(list(transfer.jurisdictions)),
            pl.format(f"its text would be sent from {{}} to {transfer.located_in}, which policies.may_go_to does not allow", jurisdiction),
        ),
    ]


def may_be_sent(transfer: Transfer, /) -> pl.Expr:
    """Which documents (classification, jurisdiction) break none of the rules."""
    return ~pl.any_horizontal([breaks.fill_null(True) for _, breaks, _ in transfer_rules(transfer)])
