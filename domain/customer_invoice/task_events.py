"""Facts of a customer invoice's post-invoicing tasks: a storage format, frozen once published.

The intent is a fact before anything is asked of anybody (`task-armed`), what came of it is one after. Messages name no
person: what a mail server or an endpoint said is told without addresses and without its body.
"""

from typing import ClassVar, Literal

from domain.customer_invoice.events import CustomerInvoiceFact
from domain.wire import Instant

TaskName = Literal["send", "sync", "charge"]


class TaskFact(CustomerInvoiceFact):
    """`round` is 1, and one more each time that a task which is done is asked for `again`.

    `key` is the `Idempotency-Key` of the round: `INVOICE:TASK` in the first, `INVOICE:TASK:ROUND` in later ones.
    """

    task: TaskName
    round: int
    key: str


class TaskArmed(TaskFact):
    """It is to be done as soon as the invoice is approved; by hand: it is, and a worker does so now."""

    type: ClassVar[str] = "customer-invoice.task-armed"
    by: Literal["run", "bulk", "hand"]


class TaskSucceeded(TaskFact):
    """It is done. `status`: of the HTTP answer; 409 says that it was done before."""

    type: ClassVar[str] = "customer-invoice.task-succeeded"
    number: str
    """Of the invoice."""
    tries: int
    status: int | None = None
    recipients: int | None = None
    """So many of the customer's addresses the mail server took the mail for."""
    refused: int | None = None
    """So many it refused."""


class TaskFailed(TaskFact):
    """It will not be tried again by itself: it was refused, or asked for a week without a clear answer."""

    type: ClassVar[str] = "customer-invoice.task-failed"
    number: str
    tries: int
    code: str
    """`refused`, `no-recipient`, `template`, `given-up`."""
    message: str
    status: int | None = None


class TaskUnknown(TaskFact):
    """Whether it is done is not known: it is asked again with the same key until `give_up_at`.

    Recorded when the code of what stands in the way is another than before, not for each try.
    """

    type: ClassVar[str] = "customer-invoice.task-unknown"
    number: str
    tries: int
    code: str
    """`timeout`, `connection`, `tls`, `answer-broken`, `http-STATUS`, `mail-server`, `not-set-up`."""
    message: str
    status: int | None = None
    since: Instant
    """When the round became unknown first."""
    give_up_at: Instant
