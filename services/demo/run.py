"""`ledgerline demo`: a folder of its own, a mail server, the whole of Ledgerline in one process, and the story."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from services.cli.output import errors
from services.demo.client import DemoFailed
from services.demo.mailbox import Mailbox, free_port
from services.demo.stage import Stage
from services.demo.story import tell
from services.demo.world import make_world
from services.settings import Settings
from services.up import running_up

PLAIN_WIDTH: Final = 110
"""Columns where there is no terminal to ask."""


def run_demo(*, keep: bool = False, plain: bool = False) -> bool:
    """Run it; whether all went as it should. The folder is removed unless it is kept."""
    console = Console(highlight=False, no_color=plain)
    if plain or not console.is_terminal:
        console.width = PLAIN_WIDTH
    folder = Path(tempfile.mkdtemp(prefix="ledgerline-demo-"))
    try:
        with Mailbox() as mailbox:
            settings = demo_settings(folder, mailbox.url)
            world = make_world(folder / "suppliers")
            with running_up(settings) as running:
                tell(Stage(console, world, running, mailbox, settings, folder))
    except DemoFailed as failed:
        errors.print("[red]demo:[/] ", end="")
        errors.print(str(failed), markup=False)
        return False
    else:
        return True
    finally:
        if keep:
            console.print(f"Kept: {folder}", soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def demo_settings(folder: Path, smtp_url: str) -> Settings:
    """Settings that owe nothing to the environment: the demo needs nothing and touches nothing."""
    defaults = {name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}
    given = {
        "data": folder / "data",
        "smtp_url": smtp_url,
        "import_roots": (str(folder / "suppliers"),),
        "port": free_port(),
        "rate_limit": 0,
        "log_level": "error",
    }
    return Settings(_env_file=None, **{**defaults, **given})
