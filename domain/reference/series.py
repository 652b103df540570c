"""What must stay as it is in a number series, so that no number ever comes twice."""

from domain.reference.bodies import ReferenceBody
from domain.reference.invoice_bodies import DEFAULT_CODE, DEFAULT_SERIES, InvoiceNumberSeriesBody
from domain.rejected import Rejected


def refuse_other_restart(before: ReferenceBody | None, body: ReferenceBody) -> None:
    """Rejected `restart-fixed`: numbers of a series that counts otherwise from now on would begin anew.

    Also of `default`, which had numbers by the built-in pattern before it was ever saved.
    """
    if not isinstance(body, InvoiceNumberSeriesBody):
        return
    changed = isinstance(before, InvoiceNumberSeriesBody) and before.restart != body.restart
    as_built_in = body.code == DEFAULT_CODE and body.shape == DEFAULT_SERIES.shape and body.restart == "never"
    if changed or as_built_in:
        raise Rejected(
            "restart-fixed",
            f"When {body.code} restarts can't be changed: its numbers would come twice. Make another series.",
            facts={"code": body.code},
        )
