from datetime import timedelta
from uuid import UUID

import pytest

from domain.keys.decisions import create, revoke
from domain.keys.state import NoKey, fold
from domain.operations.events import KeyCreated, KeyRevoked
from domain.rejected import Rejected
from tests.support.origins import NOW

ID = UUID(int=7)
CREATED = KeyCreated(
    key=ID, subject="svc", roles=("viewer", "admin"), delegate=False, expires_at=None, secret_sha256="0" * 64
)


def make(state=None, **changes):
    asked = {"subject": "svc", "roles": ["admin", "viewer"], "delegate": False, "expires_at": None}
    return create(state or NoKey(), key=ID, secret_sha256="0" * 64, now=NOW, **{**asked, **changes})


def test_a_key_is_made_once():
    assert make() == [CREATED]
    assert make(fold([CREATED])) == []
    with pytest.raises(Rejected, match="already-exists"):
        make(fold([CREATED]), subject="other")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"roles": []}, "no-roles"),
        ({"roles": ["admin", "root"]}, "unknown-role"),
        ({"subject": ""}, "invalid-subject"),
        ({"subject": "a\nb"}, "invalid-subject"),
        ({"subject": "x" * 201}, "invalid-subject"),
        ({"expires_at": NOW}, "expires-in-past"),
    ],
)
def test_what_makes_no_key(changes, code):
    with pytest.raises(Rejected, match=code) as info:
        make(**changes)
    assert info.value.kind == "invalid"


def test_an_expiry_lies_ahead():
    assert make(expires_at=NOW + timedelta(seconds=1))


def test_revoked_once():
    revoked = KeyRevoked(key=ID, subject="svc", reason="lost")
    assert revoke(fold([CREATED]), ID, "lost") == [revoked]
    assert revoke(fold([CREATED, revoked]), ID, "lost") == []
    with pytest.raises(Rejected, match="not-found"):
        revoke(NoKey(), ID, None)
