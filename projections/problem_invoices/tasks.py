"""What is said of post-invoicing tasks that failed, or that nobody knows the end of, and what to do next."""

from collections.abc import Mapping, Sequence
from typing import Any


def messages(name: str, tasks: Sequence[Mapping[str, Any]]) -> str:
    """One sentence a task; `name` is the invoice's."""
    return " ".join(_message(name, task) for task in tasks)


def next_step(invoice: str, tasks: Sequence[Mapping[str, Any]]) -> str:
    """What to do, in one sentence a task."""
    return " ".join(_step(invoice, task) for task in tasks)


def _message(name: str, task: Mapping[str, Any]) -> str:
    tried = f"{task['tries']} {'try' if task['tries'] == 1 else 'tries'}"
    if task["status"] == "failed":
        return f"{name}: {task['task']} failed after {tried}: {task['message']}"
    return f"{name}: whether {task['task']} is done is not known: {task['message']}"


def _step(invoice: str, task: Mapping[str, Any]) -> str:
    by_hand = f"POST /v1/customer-invoices/{invoice}/tasks/{task['task']}"
    if task["status"] == "failed":
        return f"Mend what the message names, then {by_hand}: it is asked with the same key, so nothing is done twice."
    return f"It is asked again by itself until {task['give_up_at'][:10]}; mend what the message names, or {by_hand}."
