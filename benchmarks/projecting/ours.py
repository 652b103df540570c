"""Our side: a projector process's very loop, over a feed, until it is complete up to the head."""

import time

import psycopg

from adapters.kafka.settings import KafkaSettings
from adapters.projector.decoding import StoredDecoder
from adapters.projector.lane import Lane
from adapters.projector.runner import Projector
from projections.invoice_list.fold import INVOICE_LIST
from services.garbage import collect_rarely
from services.projector import make_feed


def project(url: str, kafka: KafkaSettings | None, lane: str, max_records: int) -> tuple[int, float]:
    """Into the empty invoice list, from the first event on: events applied, and seconds from the first poll."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE read_models.invoice_list")
        head = connection.execute("SELECT max(notification_id) FROM stored_events").fetchone()[0]
    collect_rarely()
    projector = Projector(
        make_feed(url, kafka, lane),
        Lane(lane, "benchmark"),
        (INVOICE_LIST,),
        StoredDecoder(),
        lambda: psycopg.connect(url),
        max_records=max_records,
    )
    with psycopg.connect(url, autocommit=True) as look:
        if kafka is not None:  # joining a group takes its time, whatever comes after
            while not projector.tally.events:
                projector.step(0.05)
        begun, started = projector.tally.events, time.perf_counter()
        while True:
            projector.step(0.01)
            if projector.tally.events >= head or projector.tally.problem:
                break
        took = time.perf_counter() - started
        rows = look.execute("SELECT count(*), sum(lines) FROM read_models.invoice_list").fetchone()
    projector.close()
    if projector.tally.problem:
        raise RuntimeError(projector.tally.problem)
    assert rows is not None
    assert rows[1] == (head - rows[0]) * 1000, "the list is not what the events say"
    return projector.tally.events - begun, took
