"""Contracts as callers name them: by id or by number."""

from collections.abc import Sequence
from uuid import UUID

from domain.identity import billing_contract_stream
from domain.rejected import Rejected


def contract_id(named: str) -> UUID:
    """The id of a contract that is named by its id or its number."""
    try:
        return UUID(named)
    except ValueError:
        return billing_contract_stream(named).id


def contract_ids(named: Sequence[str]) -> Sequence[UUID]:
    """Of each in order; Rejected `contract-twice` where two name the same one."""
    found: dict[UUID, str] = {}
    for name in named:
        one = contract_id(name)
        if one in found:
            raise Rejected("contract-twice", f"Contract {name[:64]} is named twice: name each once.", kind="invalid")
        found[one] = name
    return list(found)
