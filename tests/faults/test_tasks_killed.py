"""Three workers charge sixty invoices and are killed hard, two at a time, with questions in the air."""

import asyncio
import random
import sys
from collections import defaultdict

from domain.identity import Stream
from tests.support.https_server import endpoint
from tests.support.tasking import open_office, task_settings
from tests.support.waiting import eventually_async

__all__ = ["endpoint"]
INVOICES, WORKERS, AT_ONCE = 60, 3, 16
ROUNDS = 2


async def test_each_invoice_is_charged_once_however_often_workers_die(database, tmp_path, endpoint, processes):
    env = {
        "LEDGERLINE_DATABASE_URL": database,
        "LEDGERLINE_DATA": str(tmp_path / "data"),
        "LEDGERLINE_CHARGE_URL": endpoint.url,
        "LEDGERLINE_CHARGE_SECRET": "whsec-charge",
        "LEDGERLINE_TASK_CA_FILE": str(endpoint.ca_file),
        "LEDGERLINE_TASK_TIMEOUT": "60",
    }
    dice = random.Random(7)
    async with open_office(database, task_settings(tmp_path, endpoint)) as office:
        invoices = [await office.invoice("charge", reference=f"R-{n}") for n in range(INVOICES)]

        async def left():
            return [one for one in invoices if (await office.task(one)).pending]

        command = [sys.executable, "-m", "tests.services.task_process"]
        endpoint.behaves = ["hang"]
        workers = [processes.start(f"worker-{n}", command, **env) for n in range(WORKERS)]
        for _ in range(ROUNDS):
            before = len(await left())
            expected = min(WORKERS * AT_ONCE, before)
            await eventually_async(lambda n=expected: asyncio.sleep(0, endpoint.hanging >= n))
            victims = dice.sample(workers, 2)
            for victim in victims:
                victim.kill()
            endpoint.talks.set()  # whoever lives is answered

            async def answered(before=before):
                return len(await left()) < before

            await eventually_async(answered)
            endpoint.talks.clear()
            for victim in victims:
                victim.start()
        endpoint.behaves = ["once"]
        endpoint.talks.set()

        async def done():
            return not await left()

        await eventually_async(done)
        asks = defaultdict(list)
        for asked in endpoint.asked:
            asks[asked.key].append(asked.body)
        assert set(asks) == set(endpoint.charged) == {f"{one}:charge" for one in invoices}
        assert all(len(set(bodies)) == 1 for bodies in asks.values())
        assert len(endpoint.asked) > INVOICES
        for one in invoices:
            facts = (await office.parts.store.load(Stream("customer-invoice", one))).facts
            assert [f.type for f in facts].count("customer-invoice.task-succeeded") == 1
