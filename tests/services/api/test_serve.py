"""The API as a real process."""

import re
import sys

import httpx
import pytest

from tests.support.ports import free_port
from tests.support.processes import Processes

pytestmark = pytest.mark.processes
_SERVE = """
from services.api.serve import run_api
from services.settings import load_settings
run_api(load_settings(), first_key=lambda made: print("KEY", made.secret, flush=True))
"""


def test_it_answers_what_was_asked_before_it_ends(processes: Processes, database: str, tmp_path):
    port = free_port()
    env = {"LEDGERLINE_DATABASE_URL": database, "LEDGERLINE_PORT": str(port), "LEDGERLINE_DATA": str(tmp_path / "data")}
    service = processes.start("api", [sys.executable, "-c", _SERVE], **env)
    service.wait_for_url(f"http://127.0.0.1:{port}/readyz")
    found = re.search(r"KEY (ll_\S+)", service.output())
    assert found
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {found[1]}"}) as api:
        made = api.post("/v1/groups", json={"code": "G", "name": "g"})
        assert made.status_code == 201
        assert "server" not in made.headers
    assert service.stop() == 0
    service.start().wait_for_url(f"http://127.0.0.1:{port}/readyz")
    assert len(re.findall(r"KEY ll_", service.output())) == 1
    again = httpx.get(f"http://127.0.0.1:{port}/v1/groups/G", headers={"authorization": f"Bearer {found[1]}"})
    assert again.json()["version"] == 1
    assert service.stop() == 0
