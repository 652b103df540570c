"""Who approves: the process in force for an invoice, and the groups whose members decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.customer_invoice.approval_events import ApprovalStep
from domain.reference.invoice_bodies import DEFAULT_CODE, ApprovalProcessBody


@dataclass(frozen=True, slots=True)
class Process:
    """Ordered steps, at least one. `version` 0: the built-in one."""

    code: str
    version: int
    steps: tuple[ApprovalStep, ...]
    four_eyes: bool = False
    automatic: bool = False

    @property
    def one_click(self) -> bool:
        """Whether one member's word is enough, so that no request is needed before."""
        return len(self.steps) == 1 and self.steps[0].approvals == 1 and not self.four_eyes

    @classmethod
    def of(cls, body: ApprovalProcessBody, version: int) -> "Process":
        """As it was saved; without steps it has the built-in one."""
        steps = tuple(ApprovalStep(group=step.group, approvals=step.approvals) for step in body.steps)
        return cls(body.code, version, steps or BUILT_IN.steps, body.four_eyes, body.automatic)


AUTOMATIC: Final = "service:automatic-approval"
"""Who approves where the process is automatic: not a person, and nothing else may act under this name to any effect."""
BUILT_IN: Final = Process(DEFAULT_CODE, 0, (ApprovalStep(),))
"""One step: any member of any group with `invoice_approval`."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Members of the groups in force, by the group's code; `approving` are those with `invoice_approval`."""

    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    approving: frozenset[str] = frozenset()

    def of(self, group: str | None) -> frozenset[str]:
        """Who may decide for a step; None: members of any group with `invoice_approval`."""
        if group is not None:
            return self.members.get(group, frozenset())
        return frozenset().union(*(self.members.get(code, frozenset()) for code in self.approving))
