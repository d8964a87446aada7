"""Counts under construction."""

from __future__ import annotations

from minyi.query import Counts
from minyi.vocabulary import Aspect, Evaluated, Polarity, Stance


class Tally:
    """Opinions by stance, by evaluated cell, by output of a model."""

    def __init__(self) -> None:
        self._stances = dict.fromkeys(Stance, 0)
        self._cells: dict[Evaluated, int] = {}
        self._outputs: dict[str, dict[int, int]] = {}

    @property
    def total(self) -> int:
        """How many opinions, of all stances."""
        return sum(self._stances.values())

    def add(self, stance: Stance, n: int = 1) -> None:
        """Add ``n`` opinions of a stance."""
        self._stances[stance] += n

    def evaluate(self, cell: Evaluated, n: int) -> None:
        """Add ``n`` evaluations of opinions that are counted apart."""
        self._cells[cell] = self._cells.get(cell, 0) + n

    def produce(self, model_id: str, output: int, n: int) -> None:
        """Add ``n`` to one bin of a model's outputs, of opinions that are counted apart."""
        outputs = self._outputs.setdefault(model_id, {})
        outputs[output] = outputs.get(output, 0) + n

    def more(self, other: Tally) -> None:
        """Add all that another tally of other opinions holds."""
        for stance, n in other._stances.items():
            self.add(stance, n)
        for cell, n in other._cells.items():
            self.evaluate(cell, n)
        for model_id, outputs in other._outputs.items():
            for output, n in outputs.items():
                self.produce(model_id, output, n)

    def less(self, other: Tally) -> Tally:
        """Return this tally without what ``other`` holds, and without outputs: they stand for
        opinions one by one."""
        rest = Tally()
        rest._stances = {stance: n - other._stances[stance] for stance, n in self._stances.items()}
        rest._cells = {cell: n - other._cells.get(cell, 0) for cell, n in self._cells.items()}
        return rest

    def counts(self) -> Counts:
        """Return the tally as the domain's counts."""
        evaluations: dict[Aspect, dict[Polarity, int]] = {}
        for (aspect, polarity), n in self._cells.items():
            if n:
                evaluations.setdefault(aspect, {})[polarity] = n
        # Not validated, which would take longer than the counting: these are counted numbers.
        return Counts.model_construct(
            favor=self._stances[Stance.FAVOR],
            against=self._stances[Stance.AGAINST],
            none=self._stances[Stance.NONE],
            evaluations=evaluations,
            outputs=self._outputs,
        )
