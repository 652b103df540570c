import pytest

from domain.reference.events import ClusterMoved
from domain.reference.tree import grow, leave, move
from domain.rejected import Rejected

TREE = grow([ClusterMoved(cluster="b", parent="a"), ClusterMoved(cluster="c", parent="b")])


def test_a_move_is_recorded_once():
    assert move(TREE, "d", "c") == [ClusterMoved(cluster="d", parent="c")]
    assert move(TREE, "c", "b") == []
    assert move(TREE, "a", None) == []


def test_a_circle_is_refused_and_its_path_named():
    with pytest.raises(Rejected) as info:
        move(TREE, "a", "c")
    assert info.value.code == "cluster-cycle"
    assert info.value.facts["path"] == ["a", "c", "b", "a"]
    with pytest.raises(Rejected, match="x > x"):
        move(TREE, "x", "x")


def test_what_has_children_is_not_retired():
    with pytest.raises(Rejected) as info:
        leave(TREE, "b")
    assert info.value.facts["children"] == ["c"]
    assert leave(TREE, "c") == [ClusterMoved(cluster="c", parent=None)]


def test_ancestors_go_up_to_the_root():
    assert TREE.ancestors("c") == ["b", "a"]
