"""The checksum: licence + usage (+ tax) rounded once must equal the header total."""

from dataclasses import dataclass
from decimal import Decimal

from domain.money import fixed, plain
from domain.provider_invoice.parts import Totals
from domain.rejected import Rejected

OVERRIDE_LIMIT = Decimal("0.50")
"""A difference may be overridden when its absolute value is strictly smaller, in any currency."""


@dataclass(frozen=True, slots=True)
class Override:
    """A person's wish to waive the checksum; `difference` is what that person believes it to be."""

    reason: str
    difference: Decimal | None = None


def can_be_overridden(difference: Decimal, limit: Decimal = OVERRIDE_LIMIT) -> bool:
    """Strictly smaller than the limit; a deployment's limit can only be lower than 0.50."""
    return abs(difference) < min(limit, OVERRIDE_LIMIT)


def readable(amount: Decimal, currency: str) -> str:
    """An amount with thousands separators and its currency's digits."""
    text = fixed(amount, currency)
    whole, _, decimals = text.partition(".")
    return f"{int(whole):,}" + (f".{decimals}" if decimals else "") if whole != "-0" else text


def checksum_message(totals: Totals, limit: Decimal = OVERRIDE_LIMIT) -> str:
    """One sentence with all figures, and what to do next."""
    c = totals.currency
    tax = "included" if totals.tax_included else "not included"
    advice = (
        "It can be overridden on a manual sync or activation."
        if can_be_overridden(totals.difference, limit)
        else "That is too large to override: ask the provider for what is missing or wrong."
    )
    return (
        f"The lines sum up to {readable(totals.grand, c)} {c} (exactly {plain(totals.exact)}: licence "
        f"{plain(totals.licence)}, usage {plain(totals.usage)}, tax {plain(totals.tax)} {tax}), the header says "
        f"{readable(totals.header, c)} {c}: a difference of {fixed(totals.difference, c)} {c}. {advice}"
    )


def check_stated(totals: Totals, override: Override) -> None:
    """Refuse an override that was meant for another difference."""
    stated = override.difference
    if stated is not None and stated != totals.difference:
        raise Rejected(
            "difference-differs",
            f"The override states a difference of {plain(stated)} {totals.currency}, found was "
            f"{fixed(totals.difference, totals.currency)}: look at the figures again.",
            facts={"difference": fixed(totals.difference, totals.currency)},
        )
