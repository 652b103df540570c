"""Exact money: decimals with an ISO 4217 currency, rounded once, half away from zero.

Minor units are those of ISO 4217 (list one, 2024-06). Currency libraries made for display follow CLDR, which
differs for some (HUF, UZS ...), so the table of what may be billed stands here.
"""

from collections.abc import Sequence
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from fractions import Fraction
from math import lcm
from typing import Final

from domain.rejected import Rejected

_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
    "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR "
    "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"

MINOR_UNITS: Final[dict[str, int]] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}
"""Digits after the point of each currency that may be billed."""

_UNITS: Final = {currency: Decimal(1).scaleb(-digits) for currency, digits in MINOR_UNITS.items()}

MAX_SCALE: Final = 15
"""Prices, costs and quantities have at most this many decimals."""

EXACT: Final = Context(
    prec=1000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow]
)
"""Arithmetic that raises rather than cut a digit; Python's default context rounds at 28 silently."""

_ROUNDING: Final = Context(prec=1000, rounding=ROUND_HALF_UP, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation])


def minor_units(currency: str) -> int:
    """Digits after the point; Rejected `unknown-currency` when ISO 4217 has no such code in use."""
    digits = MINOR_UNITS.get(currency)
    if digits is None:
        raise Rejected(
            "unknown-currency",
            f"{currency[:12]!r} is no ISO 4217 currency in use: give a code such as EUR.",
            kind="invalid",
        )
    return digits


def rounded(amount: Decimal | Fraction, currency: str) -> Decimal:
    """The one rounding function: half away from zero, to the currency's minor unit."""
    if isinstance(amount, Fraction):
        digits = minor_units(currency)
        scaled = amount * 10**digits
        whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
        whole += 2 * rest >= scaled.denominator
        return EXACT.scaleb(Decimal(-whole if scaled < 0 else whole), Decimal(-digits))
    unit = _UNITS.get(currency) or Decimal(1).scaleb(-minor_units(currency))
    result = amount.quantize(unit, context=_ROUNDING)
    return result or abs(result)


def add(*amounts: Decimal) -> Decimal:
    """The exact sum."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def total(amounts: Sequence[Decimal]) -> Decimal:
    """The exact sum of a sequence; 0 for an empty one."""
    return add(*amounts)


def less(amount: Decimal, *others: Decimal) -> Decimal:
    """The exact difference. Not `add(amount, -other)`: a minus sign rounds at 28 digits."""
    for other in others:
        amount = EXACT.subtract(amount, other)
    return amount


def times(left: Decimal, right: Decimal) -> Decimal:
    """The exact product."""
    return EXACT.multiply(left, right)


def split(amount: Decimal, shares: Sequence[Decimal], currency: str) -> list[Decimal]:
    """A rounded amount split by shares, losing and inventing no minor unit.

    Largest remainder in minor units on the absolute amount, the sign put back, ties to the first listed.
    """
    return split_at(amount, shares, minor_units(currency))


def split_at(amount: Decimal, shares: Sequence[Decimal], digits: int) -> list[Decimal]:
    """An amount of at most so many decimals split by shares, in the same manner."""
    unit = Decimal(1).scaleb(-digits)
    units = int(EXACT.divide(EXACT.abs(amount), unit))
    weights = _whole(shares)
    together = sum(weights)
    found = [divmod(weight * units, together) for weight in weights]
    parts = [part for part, _ in found]
    order = sorted(range(len(parts)), key=lambda i: -found[i][1])  # it keeps the order of equal ones
    for i in order[: units - sum(parts)]:
        parts[i] += 1
    sign = -1 if amount < 0 else 1
    return [EXACT.multiply(Decimal(sign * p), unit) for p in parts]


def _whole(shares: Sequence[Decimal]) -> list[int]:
    """Integers in the same proportion."""
    ratios = [share.as_integer_ratio() for share in shares]
    common = lcm(*(denominator for _, denominator in ratios))
    return [numerator * (common // denominator) for numerator, denominator in ratios]


def plain(amount: Decimal) -> str:
    """A price, cost, quantity or exact sum as text: no exponent, no trailing zeros."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def fixed(amount: Decimal, currency: str) -> str:
    """An item, total or header as text with exactly its currency's digits; ValueError if it has more."""
    shown = rounded(amount, currency)
    if amount != shown:
        raise ValueError(f"{plain(amount)} has more than the {minor_units(currency)} decimals of {currency}.")
    return format(shown, "f")
