"""Connections of automatic providers: a manifest at a place that the deployment allows."""

from collections.abc import Mapping

from adapters.provider_files.connection import ManifestConnection
from adapters.provider_files.source import FileSources
from commands.ports.provider_files import ListNotFetched
from commands.ports.reference import KnownProvider
from domain.rejected import Rejected


class ManifestConnections:
    """`commands.ports.imports.Connections`. `secrets`: the value of `Authorization` by the secret's name."""

    def __init__(self, sources: FileSources, secrets: Mapping[str, str]) -> None:
        self._sources = sources
        self._secrets = secrets

    def of(self, provider: KnownProvider) -> ManifestConnection:
        """The provider's connection. Rejected when it has none, ListNotFetched when its secret is not set."""
        connection = provider.body.connection
        if provider.body.mode != "automatic" or connection is None:
            raise Rejected(
                "provider-not-automatic",
                f"{provider.body.code} has no connection: type its invoices in, or make it automatic.",
            )
        secret = None
        if connection.secret is not None:
            secret = self._secrets.get(connection.secret)
            if secret is None:
                raise ListNotFetched(
                    f"The list could not be fetched: the secret {connection.secret!r} is not among the deployment's "
                    "PROVIDER_SECRETS."
                )
        return ManifestConnection(self._sources, connection.manifest, authorization=secret)
