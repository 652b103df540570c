"""The demo is a test of the main job, too: it checks what it shows, and exits 0."""

import pytest


@pytest.mark.processes
def test_the_demo_tells_the_main_job(processes, tmp_path):
    demo = processes.ledgerline("demo", "--plain")
    assert demo.wait(within=180) == 0, demo.output()
    said = demo.output()
    for words in ("12.40", "waived", "errors.csv", "now reports", "ledgerline verify", "read models equal a replay"):
        assert words in said
    for words in ("is in error", "open again by itself", "rounded once", "9 numbers, no gap", "written off", "leaked"):
        assert words in said
    for words in ("1 contract due: 1 invoiced", "of which 60 %", "nothing was left to bill, and nothing happened"):
        assert words in said
