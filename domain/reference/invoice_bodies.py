"""Typed bodies of what customer invoices follow: who approves them, and how they are numbered."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from domain.fact import Part
from domain.reference.bodies import Code, Name, ReferenceBody

MAX_STEPS: Final = 20
_NUMBER: Final = re.compile(r"\{n(?::0(?P<width>[1-9]|1[0-9]))?\}")
_YEAR: Final = "{year}"


class ApprovalStep(Part):
    """A step: how many members of a group must approve before the next one begins."""

    group: Code
    approvals: int = Field(default=1, ge=1, le=100)


class ApprovalProcessBody(ReferenceBody):
    """Ordered steps. Without any: one step, any one member of a group with `invoice_approval`.

    `four_eyes`: who requested or approved an earlier step can't approve. `automatic`: an invoice that is ready is
    approved by the system.
    """

    code: Code
    name: Name
    steps: tuple[ApprovalStep, ...] = Field(default=(), max_length=MAX_STEPS)
    four_eyes: bool = False
    automatic: bool = False

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.automatic and len(self.steps) > 1:
            raise ValueError("automatic is for processes with one step or none: leave out steps, or approve by hand")
        if self.automatic and self.four_eyes:
            raise ValueError("automatic needs no person, four_eyes two: leave one out")
        return self


class InvoiceNumberSeriesBody(ReferenceBody):
    """Invoice numbers by a pattern such as `INV-{year}-{n:06}`: `{n}`, or padded with zeros `{n:06}`, exactly once.

    `first` is the first number, also of every new year where the series restarts `yearly`; then the pattern has
    `{year}`, the year of the approval.
    """

    code: Code
    name: Name
    pattern: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=3, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    ]
    first: int = Field(default=1, ge=1, le=10**15)
    restart: Literal["yearly", "never"] = "yearly"

    @property
    def shape(self) -> str:
        """The pattern as far as it tells numbers of two series apart: padding does not."""
        return _NUMBER.sub("{n}", self.pattern)

    def written(self, n: int, year: int) -> str:
        """The n-th number, as invoices show it; `year` of the approval."""
        padded = _NUMBER.sub(lambda found: f"{n:0{found['width'] or 1}d}", self.pattern)
        return padded.replace(_YEAR, f"{year:04d}")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        found = len(_NUMBER.findall(self.pattern))
        if found != 1:
            raise ValueError(f"pattern must have {{n}} or {{n:06}} exactly once, it has it {found} times")
        if self.pattern.count(_YEAR) > 1:
            raise ValueError("pattern may have {year} once")
        rest = self.shape.replace("{n}", "").replace(_YEAR, "")
        if "{" in rest or "}" in rest:
            raise ValueError("pattern knows {n}, {n:06} (padded to six digits) and {year}, no other braces")
        if self.restart == "yearly" and _YEAR not in self.pattern:
            raise ValueError("a series that restarts yearly needs {year} in its pattern: numbers would come twice")
        if self.code != DEFAULT_CODE and self.shape == _DEFAULT_SHAPE:
            raise ValueError("is the pattern of the default series: numbers would come twice, choose another")
        return self


DEFAULT_CODE: Final = "default"
"""The process and the series of customers that have none, nor have their clusters. Saved under this code, it is that;
else the ones below serve.
"""
_DEFAULT_SHAPE: Final = "INV-{year}-{n}"
DEFAULT_PROCESS: Final = ApprovalProcessBody(code=DEFAULT_CODE, name="Default")
DEFAULT_SERIES: Final = InvoiceNumberSeriesBody(code=DEFAULT_CODE, name="Default", pattern="INV-{year}-{n:06}")
