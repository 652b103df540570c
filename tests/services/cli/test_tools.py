"""What operators and auditors type."""

import json

import psycopg
from typer.testing import CliRunner

from services.cli.main import app


def test_help_names_every_command():
    said = CliRunner().invoke(app, ["--help"]).output
    for command in (
        "up", "api", "relay", "projector", "worker", "scheduler", "demo", "import", "rebuild", "replay", "verify",
        "events", "parked", "keys", "topics",
    ):  # fmt: skip
        assert command in said


def test_a_key_is_made_shown_once_and_revoked(answer, run):
    made = answer("keys", "create", "billing-backend", "--role", "operator")
    assert made["secret"].startswith("ll_")
    assert run("keys", "revoke", made["id"], "--reason", "lost").exit_code == 0
    history = answer("replay", f"key/{made['id']}")
    assert [e["type"] for e in history] == ["key.created", "key.revoked"]
    assert made["secret"] not in json.dumps(history)
    assert all(e["actor"].startswith("cli:") for e in history)


def test_an_unknown_role_is_a_clear_error(run):
    result = run("keys", "create", "x", "--role", "king")
    assert result.exit_code == 2
    assert "king" in result.output


def test_verify_finds_nothing_on_a_sound_record_and_says_so(answer):
    answer("keys", "create", "someone", "--role", "viewer")
    checks = answer("verify")
    assert {c["check"] for c in checks} >= {
        "hash chains", "line digests", "invoice numbers", "leak check", "read models equal a replay",
    }  # fmt: skip
    chains = next(c for c in checks if c["check"] == "hash chains")
    assert chains["figures"].startswith("1 events in 1 streams")


def test_verify_finds_a_changed_actor_and_exits_1(answer, database):
    answer("keys", "create", "someone", "--role", "viewer")
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE stored_events DISABLE TRIGGER USER")
        connection.execute("UPDATE stored_events SET actor = 'somebody else'")
    checks = answer("verify", code=1)
    assert next(c["check"] for c in checks if not c["sound"]) == "hash chains"


def test_events_are_exported_whole(answer, run, tmp_path):
    answer("keys", "create", "someone", "--role", "viewer")
    to = tmp_path / "events.ndjson"
    assert run("events", "export", str(to)).exit_code == 0
    (event,) = [json.loads(line) for line in to.read_text().splitlines()]
    assert event["type"] == "key.created"
    assert event["data"]["subject"] == "someone"
    assert event["previous_hash"] == "0" * 64


def test_replay_counts_the_record(answer):
    answer("keys", "create", "someone", "--role", "viewer")
    assert answer("replay")["events"] == {"key.created": 1}


def test_a_read_model_is_rebuilt_and_an_unknown_one_named(answer, run):
    (built,) = answer("rebuild", "invoice_list")
    assert built["read_model"] == "invoice_list"
    result = run("rebuild", "nonsense")
    assert result.exit_code == 2
    assert "invoice_list" in result.output


def test_nothing_is_parked(answer):
    assert answer("parked", "list") == []


def test_topics_need_kafka(run):
    result = run("topics", "create")
    assert result.exit_code == 2
    assert "KAFKA_BOOTSTRAP_SERVERS" in result.output


def test_a_misspelt_setting_is_refused():
    result = CliRunner().invoke(app, ["verify"], env={"LEDGERLINE_DATABASE_ULR": "x"})
    assert "DATABASE_URL" in str(result.exception)
