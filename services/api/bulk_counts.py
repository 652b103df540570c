"""How many a filter of a bulk request finds, and how many its caller thinks there are."""

from services.api.problems import Problem


def count_missing() -> Problem:
    """422 for a filter that finds all there are, from somebody who does not say how many."""
    return Problem(
        422, "expected-count-missing", "This filter matches all there are: say with expected_count how many."
    )


def expect_count(found: int, expected: int | None, what: str) -> None:
    """Problem 422 where nothing was found, 409 where it is not as many as expected; `what` names them."""
    if not found:
        raise Problem(422, "nothing-matches", f"The filter matches no {what}: nothing was done.")
    if expected is not None and found != expected:
        raise Problem(
            409,
            "count-differs",
            f"{found:,} {what} match, {expected:,} were expected: nothing was done.",
            facts={"count": found},
        )
