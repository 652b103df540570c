"""The envelope of what is done at the terminal of the deployment itself."""

import getpass
from uuid import uuid4

from commands.origin import Origin
from services.wiring import Parts


def operator_origin(parts: Parts, command: str) -> Origin:
    """Actor `cli:USER`: whoever may run commands on this machine, recorded as such."""
    now = parts.clock.now()
    command_id = uuid4()
    return Origin(
        command_id=command_id,
        actor=f"cli:{getpass.getuser()}",
        now=now,
        business_date=parts.business_date(now),
        zone=parts.zone_name,
        correlation_id=f"{command}:{command_id}",
    )
