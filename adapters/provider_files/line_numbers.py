"""Line numbers that an upload gives itself: each once, and rising, as digests are over lines in order of number."""

import pyarrow.compute as pc

from adapters.provider_files.cells import Arrow
from commands.ports.provider_files import FileRejected


class LineNumbers:
    """Remembers numbers as ranges: an upload in order is one range, however long."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._last = 0
        self._ranges: list[tuple[int, int]] = []
        self._others: set[int] = set()

    def see(self, numbers: Arrow) -> None:
        """Take in the numbers of a batch. FileRejected `line-number-twice` names the first that was there before,
        `line-number-falls` one that comes after a larger one.
        """
        count = len(numbers)
        rising = count == 1 or pc.all(pc.greater(numbers[1:], numbers[:-1])).as_py()
        first, last = numbers[0].as_py(), numbers[-1].as_py()
        if rising and first > self._last:
            if last - first == count - 1:
                self._add_range(first, last)
            else:
                self._others.update(numbers.to_pylist())
            self._last = last
            return
        for number in numbers.to_pylist():
            if number in self._others or any(low <= number <= high for low, high in self._ranges):
                raise self._refused("line-number-twice", number, "is given twice; give each once, or leave numbers out")
            if number < self._last:
                raise self._refused(
                    "line-number-falls",
                    number,
                    f"comes after {self._last}; sort the lines by their numbers, or leave numbers out",
                )
            self._others.add(number)
            self._last = number

    def _refused(self, code: str, number: int, why: str) -> FileRejected:
        message = f"{self._path}: the line number {number} {why}."
        return FileRejected(code, message, file=self._path, line=number, column="number")

    def _add_range(self, first: int, last: int) -> None:
        if self._ranges and self._ranges[-1][1] + 1 == first:
            self._ranges[-1] = (self._ranges[-1][0], last)
        else:
            self._ranges.append((first, last))
