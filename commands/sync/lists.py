"""Asking a provider what it has, and remembering the answer."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from commands.ports.imports import ProviderList
from commands.ports.provider_files import ListNotFetched, OfferedInvoice, ProviderConnection
from commands.ports.reference import KnownProvider
from commands.sync.desk import SyncDesk


async def ask(
    desk: SyncDesk, known: KnownProvider, now: datetime
) -> tuple[ProviderConnection, Sequence[OfferedInvoice]]:
    """The provider's connection and its list. ListNotFetched says why it can't be had; that is remembered too."""
    try:
        connection = desk.connections.of(known)
        listed = await asyncio.to_thread(connection.list_invoices)
    except ListNotFetched as error:
        await desk.imports.put_list(known.body.code, ProviderList(now, None, error.message))
        raise
    await desk.imports.put_list(known.body.code, ProviderList(now, listed, None))
    return connection, listed
