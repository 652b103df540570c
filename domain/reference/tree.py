"""The tree of clusters. One stream decides all moves, so that no two at the same time make a cycle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.fact import Fact
from domain.identity import Stream, id_for
from domain.reference.events import ClusterMoved
from domain.rejected import Rejected

CLUSTER_TREE = Stream("cluster-tree", id_for("cluster-tree"))
"""The one stream of moves."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Cluster -> its parent. Clusters that never had a parent are not named here: they are roots."""

    parents: Mapping[str, str] = field(default_factory=dict)

    def ancestors(self, cluster: str) -> list[str]:
        """Parent, its parent, and so on up to the root."""
        path: list[str] = []
        at = self.parents.get(cluster)
        while at is not None:
            path.append(at)
            at = self.parents.get(at)
        return path

    def children(self, cluster: str) -> list[str]:
        """Direct children, sorted."""
        return sorted(child for child, parent in self.parents.items() if parent == cluster)


def grow(facts: Iterable[Fact]) -> Tree:
    """The tree that these moves leave."""
    parents: dict[str, str] = {}
    for fact in facts:
        if isinstance(fact, ClusterMoved):
            if fact.parent is None:
                parents.pop(fact.cluster, None)
            else:
                parents[fact.cluster] = fact.parent
    return Tree(parents)


def move(tree: Tree, cluster: str, parent: str | None) -> list[Fact]:
    """Put a cluster below another (None: a root); Rejected `cluster-cycle` names the path that would close."""
    if tree.parents.get(cluster) == parent:
        return []
    if parent is not None:
        path = [parent, *tree.ancestors(parent)]
        if cluster in path:
            circle = [cluster, *path[: path.index(cluster) + 1]]
            raise Rejected(
                "cluster-cycle",
                f"Cluster {cluster} can't be put below {parent}: {' > '.join(circle)} would be a circle.",
                facts={"path": circle},
            )
    return [ClusterMoved(cluster=cluster, parent=parent)]


def leave(tree: Tree, cluster: str) -> list[Fact]:
    """Take a cluster out of its place as it is retired; Rejected `cluster-has-children` while others are below it.

    The move is recorded for a root too: it is what a placement below the cluster at the same time runs into.
    """
    children = tree.children(cluster)
    if children:
        raise Rejected(
            "cluster-has-children",
            f"Cluster {cluster} can't be retired: {', '.join(children[:10])} lie below it. Move them first.",
            facts={"children": children[:100]},
        )
    return [ClusterMoved(cluster=cluster, parent=None)]
