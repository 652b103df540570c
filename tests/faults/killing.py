"""Who is killed when: drawn from a seed, one after the other, each once work was done since the last."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.support.kafka.cluster import KafkaCluster
from tests.support.own_postgres import OwnPostgres
from tests.support.stack import Member, Stack
from tests.support.waiting import eventually

STORES = ("postgres", "broker")


@dataclass(slots=True)
class Killer:
    """Kills (SIGKILL) and starts again. `progress` counts what clients got done.

    A process stays dead for a while now and then, a broker always; PostgreSQL is started at once, as nothing is done
    without it. No process may end by itself, not even when it starts while all that it needs is away.
    """

    stack: Stack
    postgres: OwnPostgres
    cluster: KafkaCluster
    progress: Callable[[], int]
    dice: random.Random
    killed: list[str] = field(default_factory=list)
    _left_dead: set[str] = field(default_factory=set)
    _broker: int | None = None

    def schedule(self, how_often: dict[str, int]) -> Sequence[str]:
        """What is to be killed how often, in an order drawn from the dice."""
        victims = [victim for victim, times in how_often.items() for _ in range(times)]
        self.dice.shuffle(victims)
        return victims

    def strike(self, victim: str) -> None:
        """Wait until something was done since the last strike; kill."""
        aim = self.progress() + self.dice.randint(2, 6)
        eventually(lambda: self.progress() >= aim, within=180, what=f"work goes on before {victim} is killed")
        self.mend()
        if victim == "postgres":
            self.postgres.kill()
            self.postgres.start()
        elif victim == "broker":
            self._broker = self.dice.choice(self.cluster.alive())
            self.cluster.kill(self._broker)
        else:
            self._kill_one_of(victim)
        self.killed.append(victim)

    def mend(self) -> None:
        """Start whatever does not run."""
        if self._broker is not None:
            self.cluster.start(self._broker)
            self._broker = None
        for member in self.stack:
            if not member.service.alive():
                said = member.service.output()[-3000:]
                assert member.name in self._left_dead, f"{member.name} has ended by itself; its output:\n{said}"
                member.service.start()
        self._left_dead.clear()

    def _kill_one_of(self, kind: str) -> None:
        """One after the other, so that each has had time to take things into its hands."""
        members: Sequence[Member] = self.stack.of(kind)
        victim = members[self.killed.count(kind) % len(members)]
        victim.service.kill()
        if self.dice.random() < 0.5:
            victim.service.start()
        else:
            self._left_dead.add(victim.name)
