"""Tasks of an invoice in its one row: each as its last fact leaves it, and since when one failed or is unknown."""

from projections.invoice_tasks.fold import INVOICE_TASKS
from tests.projections.given import only
from tests.support.records import START, Happened
from tests.support.task_facts import TaskFacts

T = TaskFacts()


def after(*facts):
    happened = Happened()
    for fact in facts:
        happened.add(T.stream, fact)
    return only(INVOICE_TASKS, happened)


def statuses(row):
    return {task["task"]: task["status"] for task in row.tasks}


def test_each_task_by_its_last_fact():
    row = after(T.armed("charge"), T.armed("send"), T.succeeded("charge"), T.unknown("send"))
    assert statuses(row) == {"charge": "succeeded", "send": "unknown"}
    assert (row.failed_since, row.unknown_since, row.number) == (None, START.replace(minute=4), "INV-1")


def test_since_the_first_and_until_the_last_is_mended():
    row = after(T.armed("charge"), T.failed("charge"), T.armed("send"), T.failed("send"), T.armed("charge"))
    assert (statuses(row), row.failed_since) == ({"charge": "armed", "send": "failed"}, START.replace(minute=2))
    assert row.number == "INV-1"
    row = after(T.failed("charge"), T.armed("charge"))
    assert row.failed_since is None


def test_what_is_known_of_a_failure():
    (task,) = after(T.armed("charge"), T.unknown("charge"), T.failed("charge", tries=9)).tasks
    assert (task["tries"], task["code"], task["http_status"]) == (9, "refused", 400)
