"""One upload is one invoice: the columns that say whose it is must each have one value."""

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.batch import Batch
from adapters.provider_files.cells import constant
from adapters.provider_files.plan import Plan
from commands.ports.provider_files import FileRejected
from domain.identity import normal

_NAMED = 10


class Identities:
    """Remembers which invoice numbers, issuers and accounts a file names."""

    def __init__(self, plan: Plan, path: str, invoice_number: str | None) -> None:
        self._path = path
        column = plan.mapping.invoice_number
        chosen = any(split.by == column for split in plan.mapping.split)  # somebody said which number it is there
        self._expected = None if chosen or invoice_number is None else normal(invoice_number)
        self._number_column = column
        self._found: dict[str, set[str]] = {name: set() for name in plan.identity}
        self._mapping = plan.mapping.name

    @property
    def mixed(self) -> bool:
        """Whether a column has more than one value."""
        return any(len(values) > 1 for values in self._found.values())

    def see(self, batch: Batch) -> None:
        """Take in a batch's values; empty cells say nothing."""
        for name, values in self._found.items():
            column = batch.column(name)
            only = constant(column)
            if only is not None:
                values.add(only)
            else:
                values.update(pc.unique(column.drop_null()).cast(pa.string()).to_pylist())

    def check(self) -> None:
        """FileRejected `invoices-mixed` naming what is mixed, `another-invoice` if it is not the expected one."""
        for name, values in self._found.items():
            if len(values) > 1:
                ordered = sorted(values)
                shown = ", ".join(value[:60] for value in ordered[:_NAMED])
                more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
                raise FileRejected(
                    "invoices-mixed",
                    f"{self._path} mixes {len(ordered)} values of {name} ({shown}{more}): say which lines belong to "
                    f'this invoice, in the manifest or a mapping extending {self._mapping}: [split] by = "{name}", '
                    f'value = "{ordered[0][:60]}".',
                    file=self._path,
                    column=name,
                )
        numbers = {normal(number) for number in self._found.get(self._number_column or "", ())}
        if self._expected is not None and numbers and numbers != {self._expected}:
            number = next(iter(numbers))
            raise FileRejected(
                "another-invoice",
                f"{self._path} is of the invoice {number[:60]}, not of {self._expected[:60]}: give the right file.",
                file=self._path,
                column=self._number_column,
            )
