"""The one rule for numbers in provider files, cell by cell; `decimal_cells.py` is its fast form for whole columns."""

import re
from decimal import Decimal

from adapters.provider_files.mapping import Numbers
from domain.money import MAX_SCALE

INTEGER_DIGITS = 23  # numeric(38,15) has room for as many before the point

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_LONGEST = 400


def plain_decimal(text: str, style: Numbers) -> str:
    """The number without exponent, leading or trailing zeros: `-0.000020`, `+2E-5` become `-0.00002`, `0.00002`.

    ValueError with the reason, to be put behind the cell's value, when it is no number that can be kept exactly:
    at most 15 decimals and 23 digits before the point.
    """
    number = text.strip()
    if style.group:
        number = number.replace(style.group, "")
    if style.decimal != ".":
        if "." in number:
            raise ValueError(f"is not a number whose decimal sign is {style.decimal!r}")
        number = number.replace(style.decimal, ".")
    if len(number) > _LONGEST or _NUMBER.fullmatch(number) is None:
        raise ValueError("is not a number")
    sign, digits, exponent = Decimal(number).as_tuple()
    if not isinstance(exponent, int):
        raise TypeError("the pattern lets no NaN or infinity through")
    mantissa = "".join(map(str, digits)).lstrip("0")
    shortened = mantissa.rstrip("0")
    if not shortened:
        return "0"
    exponent += len(mantissa) - len(shortened)
    if exponent < -MAX_SCALE:
        raise ValueError(f"has more than {MAX_SCALE} decimal places")
    if len(shortened) + exponent > INTEGER_DIGITS:
        raise ValueError(f"is too large: at most {INTEGER_DIGITS} digits before the decimal sign")
    minus = "-" if sign else ""
    if exponent >= 0:
        return f"{minus}{shortened}{'0' * exponent}"
    padded = shortened.rjust(1 - exponent, "0")
    return f"{minus}{padded[:exponent]}.{padded[exponent:]}"
