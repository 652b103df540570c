"""Buckets of totals, as the database counts them (`read_models.total_bucket`): 0, cents below 1, then two digits.

A bucket of totals from 0 up holds those from its lowest (included) to the lowest of the next one (excluded).
"""

from decimal import Decimal

from domain.money import EXACT

ONE = Decimal(1)


def bucket_of(total: Decimal) -> int:
    """The bucket of a total from 0 up; buckets are in the order of totals."""
    if total == 0:
        return 0
    if total < ONE:
        return 1 + int(EXACT.scaleb(total, Decimal(2)))
    digits = len(str(int(total)))
    return digits * 100 + int(EXACT.scaleb(total, Decimal(2 - digits)))


def lowest(bucket: int) -> Decimal:
    """The lowest total of a bucket; that of 1 is above 0."""
    if bucket <= 100:  # noqa: PLR2004 - below 1
        return Decimal(max(bucket - 1, 0)).scaleb(-2)
    digits, lead = divmod(bucket, 100)
    return Decimal(lead).scaleb(digits - 2)


def beyond(bucket: int) -> Decimal:
    """The lowest total above all of a bucket from 1 up."""
    if bucket <= 100:  # noqa: PLR2004 - below 1
        return Decimal(bucket).scaleb(-2)
    digits, lead = divmod(bucket, 100)
    return Decimal(lead + 1).scaleb(digits - 2)
