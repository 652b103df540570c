"""What single kinds of reference data have besides: a tree, erasure, previews."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

from commands.mail.preview import preview as render_preview
from commands.reference.erase import erase
from domain.identity import reference_stream
from domain.reference.decisions import missing
from domain.reference.kinds import KINDS
from domain.reference.state import InForce, fold
from domain.reference.tree import CLUSTER_TREE, Tree, grow
from services.api.access import may
from services.api.call import CallDep
from services.api.models import RequestBody
from services.api.rendering import Json
from services.api.route import ApiRoute
from services.api.routes.reference import DONE, outcome_told

router = APIRouter(prefix="/v1", route_class=ApiRoute)
CUSTOMER, CLUSTER = KINDS["customer"], KINDS["cluster"]
MAX_DEPTH = 100


class Erasure(RequestBody):
    """Why a customer's personal data is destroyed, for good."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Preview(RequestBody):
    """A text to be rendered with sample data; what is left out is the saved one's."""

    subject: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    body: Annotated[str, Field(min_length=1, max_length=100_000)] | None = None


@router.post("/customers/{code}/erase", operation_id="erase_customer", responses=DONE, tags=["customers"])
@may("reference.erase")
async def erase_customer(call: CallDep, code: str, body: Erasure) -> Response:
    """Destroy the key of a customer's personal data; 409 `retention` while an approved invoice still needs it."""
    parts = call.parts
    return await call.command(
        lambda answer: erase(parts.desk, parts.vault, parts.retention, call.origin(), code, body.reason, answer=answer),
        lambda outcome: outcome_told(CUSTOMER, call.caller, outcome, "/v1/customers"),
        forever=True,
    )


@router.get("/clusters/{code}/tree", operation_id="get_cluster_tree", tags=["clusters"])
@may("read")
async def cluster_tree(call: CallDep, code: str) -> Response:
    """The cluster with all clusters below it, and the path above it from the root."""
    own = reference_stream("cluster", code)
    loaded = await call.parts.store.load_many([own, CLUSTER_TREE])
    if not isinstance(fold(loaded[own].facts), InForce):
        raise missing(CLUSTER, code)
    tree = grow(loaded[CLUSTER_TREE].facts)
    return Json({**_branch(tree, code, 0), "path": list(reversed(tree.ancestors(code)))})


def _branch(tree: Tree, code: str, depth: int) -> dict[str, Any]:
    below = tree.children(code) if depth < MAX_DEPTH else []
    return {"code": code, "children": [_branch(tree, child, depth + 1) for child in below]}


@router.post("/notification-templates/{code}/preview", operation_id="preview_template", tags=["notification-templates"])
@may("read")
async def preview(call: CallDep, code: str, body: Annotated[Preview | None, Body()] = None) -> Response:
    """What a mail would look like, with sample data made by the same functions as the real data. Nothing is sent."""
    wanted = body or Preview()
    shown = await render_preview(call.parts.store, call.parts.desk.templates, code, wanted.subject, wanted.body)
    return Json({"code": code, "subject": shown.subject, "body": shown.body})
