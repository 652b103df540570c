"""The master key's file."""

from pathlib import Path

import pytest

from adapters.key_vault import master_key_from_text, master_key_in
from commands.ports.key_vault import VaultUnavailable


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    key = master_key_in(tmp_path / "data")
    assert len(key) == 32
    file = tmp_path / "data" / "master.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert master_key_in(tmp_path / "data") == key
    assert [entry.name for entry in file.parent.iterdir()] == ["master.key"]


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    master_key_in(tmp_path)
    (tmp_path / "master.key").chmod(0o644)
    with pytest.raises(VaultUnavailable, match="chmod 600"):
        master_key_in(tmp_path)


@pytest.mark.parametrize("text", ["", "short", "not base64 at all!", "QUJD"])
def test_a_key_that_is_none_says_how_to_make_one(text: str) -> None:
    with pytest.raises(VaultUnavailable, match="openssl rand -base64 32"):
        master_key_from_text(text)
