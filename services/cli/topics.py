"""`ledgerline topics`: the five Kafka topics."""

from typing import Annotated

import typer

from adapters.kafka.settings import KafkaSettings
from services.cli.output import console, fail, say_json
from services.settings import Settings, load_settings

app = typer.Typer(help="Make the Kafka topics, or fill them again from the record.", no_args_is_help=True)


@app.command()
def create(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Make the topics that are missing, check the settings of the others. Repeating it does nothing."""
    from adapters.kafka.topics import create_topics

    _, kafka = kafka_settings()
    created = create_topics(kafka)
    if as_json:
        say_json({"made": created.made, "found": created.found})
        return
    for name in created.made:
        console.print(f"made   {name}")
    for name in created.found:
        console.print(f"found  {name}")


@app.command()
def rebuild(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Publish the whole record again, with the same ids: after a broker's loss, or under another prefix."""
    from adapters.kafka.topics import create_topics
    from services.relay import ask_for_rebuild

    settings, kafka = kafka_settings()
    url = settings.database_conninfo()
    if url is None:
        raise fail("LEDGERLINE_DATABASE_URL is not set: the embedded default has no topics.")
    create_topics(kafka)
    generation = ask_for_rebuild(url, kafka)
    if as_json:
        say_json({"generation": generation})
        return
    console.print(f"The active relay publishes everything again, as generation {generation}.")


def kafka_settings() -> tuple[Settings, KafkaSettings]:
    """The settings, where Kafka is among them; else a clear way out."""
    settings = load_settings()
    kafka = settings.kafka()
    if kafka is None:
        raise fail(
            "LEDGERLINE_KAFKA_BOOTSTRAP_SERVERS is not set: the feed is read from the event store, without topics."
        )
    return settings, kafka
