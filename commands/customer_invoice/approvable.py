"""What one person may approve, by the rules in force: of which groups they are, and for whom one click is enough."""

from dataclasses import dataclass

from commands.customer_invoice.rules import Rules
from commands.ports.reference import PresentCluster
from domain.customer_invoice.process import BUILT_IN, Process
from domain.reference.invoice_bodies import DEFAULT_CODE


@dataclass(frozen=True, slots=True)
class Approvable:
    """`one_click_processes` and `one_click_clusters`: those that lead to a process of one step that is this person's.

    `otherwise`: whether the default process does. `any_group`: a member of a group that may approve invoices.
    """

    groups: frozenset[str]
    any_group: bool
    one_click_processes: frozenset[str]
    one_click_clusters: frozenset[str]
    otherwise: bool


def approvable(rules: Rules, person: str) -> Approvable:
    """By the same choice of a process as that of an approval: the customer's, the nearest cluster's, the default."""
    default = rules.processes.get(DEFAULT_CODE, BUILT_IN)
    otherwise = _by(person, default, rules)
    good = frozenset(code for code, process in rules.processes.items() if _by(person, process, rules))
    return Approvable(
        groups=frozenset(code for code, members in rules.groups.members.items() if person in members),
        any_group=person in rules.groups.of(None),
        one_click_processes=good,
        one_click_clusters=frozenset(
            cluster.code
            for cluster in rules.clusters.by_code.values()
            if _by(person, _of_cluster(rules, cluster, default), rules)
        ),
        otherwise=otherwise,
    )


def _of_cluster(rules: Rules, cluster: PresentCluster, default: Process) -> Process:
    code = next((c.approval_process for c in rules.clusters.up(cluster.code) if c.approval_process), None)
    return rules.processes.get(code, default) if code is not None else default


def _by(person: str, process: Process, rules: Rules) -> bool:
    return process.one_click and person in rules.groups.of(process.steps[0].group)
