"""What jobs are set to: as saved, else active, and at 02:00 or at the pace that they have."""

from collections.abc import Mapping

from commands.handling import Done
from commands.origin import Origin
from commands.ports.event_store import EventStore
from commands.reference.desk import Desk, Outcome
from commands.reference.save import ToAnswer, patch
from domain.identity import reference_stream
from domain.jobs.schedule import EVERY_MINUTES, JOBS
from domain.reference.bodies import JobBody
from domain.reference.kinds import KINDS
from domain.reference.state import InForce, fold
from domain.rejected import Rejected


async def job_bodies(store: EventStore) -> Mapping[str, tuple[JobBody, int]]:
    """Job -> what it is set to, and that version (0: never changed)."""
    streams = {reference_stream("job", job): job for job in JOBS}
    found: dict[str, tuple[JobBody, int]] = {}
    for stream, history in (await store.load_many(list(streams))).items():
        job = streams[stream]
        state = fold(history.facts)
        if isinstance(state, InForce) and isinstance(state.body, JobBody):
            found[job] = (state.body, state.version)
        else:
            found[job] = (default_body(job), 0)
    return found


def default_body(job: str) -> JobBody:
    """What a job does unless it was changed; Rejected `not-found` for another name."""
    if job not in JOBS:
        raise Rejected(
            "not-found",
            f"There is no job {job[:60]!r}: {', '.join(JOBS)} are.",
            kind="missing",
            facts={"code": job[:60]},
        )
    return JobBody.model_validate({"code": job, "every_minutes": EVERY_MINUTES.get(job)})


async def patch_job(
    desk: Desk,
    origin: Origin,
    job: str,
    changes: Mapping[str, object],
    *,
    if_match: int | None = None,
    answer: ToAnswer | None = None,
) -> Done[Outcome]:
    """Switch a job on or off, or change its time of day; Rejected `not-found`, `invalid-body`."""
    default = default_body(job)
    return await patch(desk, origin, KINDS["job"], job, changes, default=default, if_match=if_match, answer=answer)
