"""Post-invoicing tasks that are to be done, as rows found from the feed; and the endpoints that are asked."""

from adapters.tasks.https_endpoint import HttpsEndpoint, NoEndpoint, secure_client
from adapters.tasks.stored_tasks_due import StoredTasksDue

__all__ = ["HttpsEndpoint", "NoEndpoint", "StoredTasksDue", "secure_client"]
