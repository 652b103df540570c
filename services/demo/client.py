"""The demo's caller: a backend service with a key, acting for a person."""

import time
from typing import Any, Final

import httpx

PATIENCE: Final = 30.0
"""Seconds until a wait is given up."""


class DemoFailed(Exception):
    """The demo did not go as it should; the message says what was expected."""


class Client:
    """Speaks to the API like any service would; every answer that is no success ends the demo with its problem."""

    def __init__(self, address: str, key: str, acting_for: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        if acting_for is not None:
            headers["On-Behalf-Of"] = acting_for
        self._http = httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=PATIENCE)
        self.position = 0

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 -- JSON
        """A resource as JSON."""
        return self._sent("GET", path, params=query).json()

    def text(self, path: str) -> str:
        """A resource as text, such as errors.csv."""
        return self._sent("GET", path).text

    def listed(self, path: str, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- query parameters
        """A list that shows all that this client wrote."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._http.get(path, params={"at_least": self.position, "limit": 200, **query})
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                items: list[dict[str, Any]] = self._checked(answer).json()["items"]
                return items
            time.sleep(float(answer.headers.get("Retry-After", "1")))

    def send(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        """A command with a JSON body."""
        return self._noted(self._sent(method, path, json=body, headers=headers))

    def refused(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The problem that a command is answered with; DemoFailed when it is done."""
        answer = self._http.request(method, path, json=body)
        if answer.is_success:
            raise DemoFailed(f"{method} {path} was to be refused, and was done")
        problem: dict[str, Any] = answer.json()
        return problem

    def upload(self, path: str, content: bytes | str, media_type: str, **query: str) -> dict[str, Any]:
        """A command whose body is a file."""
        return self._noted(
            self._sent("POST", path, content=content, params=query, headers={"Content-Type": media_type})
        )

    def finished(self, operation: dict[str, Any]) -> dict[str, Any]:
        """An operation once it has ended."""
        identity = operation.get("operation", operation)["id"]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.get(f"/operations/{identity}")
            if found["status"] not in {"queued", "running"}:
                self.catch_up()
                return found
            time.sleep(0.02)
        raise DemoFailed(f"operation {identity} has not ended within {PATIENCE:.0f} s")

    def catch_up(self) -> None:
        """Lists shall show all that has happened up to now."""
        self.position = max(self.position, int(self.get("/events", after=self.position, limit=1)["head"]))

    def _noted(self, answer: httpx.Response) -> dict[str, Any]:
        document: dict[str, Any] = answer.json()
        self.position = max(self.position, int(document.get("position", 0)))
        return document

    def _sent(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 -- httpx's own
        return self._checked(self._http.request(method, path, **options))

    @staticmethod
    def _checked(answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {"detail": answer.text}
        what = f"{answer.request.method} {answer.request.url.path}"
        raise DemoFailed(f"{what}: {answer.status_code} {problem.get('code')}: {problem.get('detail')}")
