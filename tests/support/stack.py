"""Ledgerline as production runs it: separate processes, one or more of each service, watched over HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import httpx

from tests.support.ports import free_port
from tests.support.processes import START_SECONDS, STOP_SECONDS, Processes, Service

SERVICES = ("api", "relay", "projector", "worker", "scheduler")


@dataclass(frozen=True, slots=True)
class Member:
    """A process: `address` is where it answers about itself, and for the API all else."""

    kind: str
    name: str
    service: Service
    address: str

    def answers(self, page: str) -> bool:
        """Whether a page is answered with success."""
        return httpx.get(f"{self.address}/{page}", timeout=30).is_success


class Stack:
    """Members by name: the first `api` is called api-1."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self.members: dict[str, Member] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members.values())

    def start(self, kind: str, arguments: Sequence[str], variables: Mapping[str, str]) -> Member:
        """Start one more of a service, with ports of its own; does not wait for it."""
        name = f"{kind}-{1 + sum(member.kind == kind for member in self)}"
        port, operations = free_port(), free_port()
        own = {"LEDGERLINE_PORT": str(port), "LEDGERLINE_OPERATIONS_PORT": str(operations)}
        service = self._processes.ledgerline(*arguments, name=name, **{**variables, **own})
        address = f"http://127.0.0.1:{port if kind == 'api' else operations}"
        member = self.members[name] = Member(kind, name, service, address)
        return member

    def of(self, kind: str) -> list[Member]:
        """All members of a service."""
        return [member for member in self if member.kind == kind]

    def wait_until_ready(self, *, within: float = START_SECONDS) -> None:
        """Wait until every member that runs says that it is ready."""
        for member in self:
            member.service.wait_until(lambda m=member: m.answers("readyz"), within=within)  # type: ignore[misc]

    def stop(self, *, within: float = STOP_SECONDS) -> dict[str, int]:
        """Ask all to end at once (one SIGTERM each); their exit codes, by name."""
        for member in self:
            member.service.terminate()
        return {name: member.service.wait(within=within) for name, member in self.members.items()}
