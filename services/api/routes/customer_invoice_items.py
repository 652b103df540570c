"""What is on a customer invoice: its items, how each comes about, its purchases; and what a calculation would say."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from commands.billing_contract.explaining import OF_LINES, explain_contract_item
from commands.customer_invoice.calculate import preview
from commands.customer_invoice.contents import At, OfferedRow, contents
from commands.customer_invoice.explaining import explain_item
from commands.ports.purchases import Stored
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream
from domain.pricing.items import Calculation, digest
from projections.paging import decode_cursor, encode_cursor
from services.api.access import may
from services.api.calculation_view import contract_explained_view, explained_view, item_view
from services.api.call import CallDep, etag, id_in_path
from services.api.lists import ListingDep, page_of
from services.api.models import Listed
from services.api.problems import Problem
from services.api.purchase_view import purchase_view
from services.api.rendering import TAX, Json, exact, money
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1/customer-invoices/{invoice}", route_class=ApiRoute, tags=["customer-invoices"])


@router.get("/items", operation_id="list_customer_invoice_items", responses={200: {"model": Listed}})
@may("read")
async def items(call: CallDep, invoice: str, listing: ListingDep) -> Response:
    """Items of the last calculation, in its order; `stale` when something changed since."""
    wanted = id_in_path(invoice)
    history = await call.parts.store.load(Stream("customer-invoice", wanted))
    state = _there(invoice, fold(history.facts))
    page = page_of(state.items, listing.page)
    body: dict[str, Any] = {
        "items": [item_view(item, state.currency) for item in page.items],
        "next_cursor": page.next_cursor,
        "currency": state.currency,
        "stale": state.stale,
        "tax": TAX,
    }
    if page.total is not None:
        body["total"] = page.total
    return Json(body, headers=etag(history.version))


@router.get("/items/{item}/explain", operation_id="explain_customer_invoice_item")
@may("read")
async def explained(call: CallDep, invoice: str, item: str) -> Response:
    """An item opened, from its rule down to the lines of provider files and posted purchases it is made of; of a
    contract's line down to quantities by day, milestones or (the first 1,000) transactions.
    """
    wanted, parts = id_in_path(invoice), call.parts
    state = fold((await parts.store.load(Stream("customer-invoice", wanted))).facts)
    of_line = next((one for one in state.items if one.id == item and one.kind in OF_LINES), None) if state else None
    if state is not None and of_line is not None:
        opened = await explain_contract_item(parts.store, parts.contracts.ledger, wanted, state, of_line)
        return Json(contract_explained_view(opened))
    found = await explain_item(parts.calculation, parts.past_reference, wanted, item)
    return Json(explained_view(found))


@router.get("/purchases", operation_id="list_customer_invoice_purchases", responses={200: {"model": Listed}})
@may("read")
async def purchases(call: CallDep, invoice: str, listing: ListingDep) -> Response:
    """Its purchases: lines of provider invoices, then posted ones, newest first; each with its state."""
    wanted = listing.page
    found = await contents(
        call.parts.invoices,
        call.parts.billing.purchases,
        id_in_path(invoice),
        _at(wanted.cursor),
        limit=wanted.limit,
        count=wanted.count,
    )
    following = found.following
    cursor = following and encode_cursor(
        (str(following.offer), str(following.after), "" if following.seq is None else str(following.seq))
    )
    body: dict[str, Any] = {"items": [_row(row) for row in found.rows], "next_cursor": cursor}
    if found.total is not None:
        body["total"] = found.total
    return Json(body)


@router.get("/preview", operation_id="preview_customer_invoice")
@may("read")
async def previewed(call: CallDep, invoice: str) -> Response:
    """What a calculation would make of it now; nothing is stored."""
    seen = await preview(call.parts.calculation, id_in_path(invoice))
    result, currency = seen.result, seen.invoice.currency
    if not isinstance(result, Calculation):
        failure = {"code": result.code, "message": result.message, "product": result.product, "rule": result.rule}
        return Json({"currency": currency, "failure": failure, "tax": TAX})
    return Json(
        {
            "currency": currency,
            "items": [item_view(item, currency) for item in result.items],
            "revenue_total": money(result.revenue_total, currency),
            "cost_total": money(result.cost_total, currency),
            "digest": digest(result),
            "failure": None,
            "tax": TAX,
        }
    )


def _there(invoice: str, state: CustomerInvoice | None) -> CustomerInvoice:
    if state is None:
        raise Problem(404, "customer-invoice-missing", f"There is no customer invoice {invoice}.")
    return state


def _row(row: OfferedRow | Stored) -> dict[str, Any]:
    if isinstance(row, Stored):
        return {"source": "posted", **purchase_view(row)}
    line = row.line
    return {
        "source": "provider_invoice",
        "provider_invoice": row.provider_invoice,
        "provider_invoice_name": row.name,
        "attempt": row.attempt,
        "line": line.number,
        "customer": line.customer,
        "product": line.product,
        "subscription": line.subscription_ref,
        "quantity": None if line.quantity is None else exact(line.quantity),
        "unit": line.unit,
        "day": line.charge_from,
        "cost": exact(line.amount),
        "cost_currency": line.currency,
        "state": row.state,
    }


def _at(cursor: str | None) -> At:
    if cursor is None:
        return At()
    parts = decode_cursor(cursor, 3)
    if not all(part.isdecimal() and len(part) <= 18 for part in parts[:2]):  # noqa: PLR2004 - fits into 64 bits
        raise Problem(422, "invalid-cursor", "The cursor is none of this list's: leave it out to start from the top.")
    seq = parts[2]
    return At(int(parts[0]), int(parts[1]), int(seq) if seq.isdecimal() and len(seq) <= 18 else None)  # noqa: PLR2004 - as above
