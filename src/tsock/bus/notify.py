"""The bus over PostgreSQL's LISTEN and NOTIFY, on a connection of its own.

The connection has to be a direct one: behind a pool that lends connections for one transaction at a time
nothing is heard. Only libpq speaks, without waiting: one statement at a time, which carries all that waits.
"""

import asyncio
import os
import select
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, Error, ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.sql import SQL, Identifier

from tsock.bus.transport import CONNECT_S, Hear, NotConnected, reason

TEXT_MAX = 7_999
"""Bytes of a notification's text, as PostgreSQL is built."""
_SEND = b"SELECT pg_notify($1, each) FROM unnest($2::text[]) AS each"


class Notify:
    """The database that a node has anyway."""

    payload_max = TEXT_MAX // 4 * 3
    """In base64."""

    def __init__(self, database_url: str, installation: str) -> None:
        """Notify the nodes of `installation` (letters, digits, `-` and `_`, up to 48).

        Raises:
            ValueError: the URL is none.
        """
        try:
            given = conninfo_to_dict(database_url)
            own = {
                "application_name": "tsock bus",
                # Of several hosts each has its time, and the one that takes writes is the one to listen at.
                "connect_timeout": round(CONNECT_S),
                "target_session_attrs": "read-write",
            }
            self._conninfo = make_conninfo("", **(own | given))
        except ProgrammingError:
            raise ValueError(
                "the database's URL cannot be read; expected postgresql://USER:PASSWORD@HOST/DATABASE"
            ) from None  # what libpq says quotes it, password included
        password = given.get("password")
        self._secrets = [str(password)] if password else []
        self._channel = f"tsock_{installation}"

    @asynccontextmanager
    async def connect(self, hear: Hear) -> AsyncGenerator["Listening"]:
        """Listen."""
        try:
            opened = await AsyncConnection.connect(self._conninfo, autocommit=True)
        except (Error, OSError) as error:
            raise NotConnected(reason(error, self._secrets)) from None
        try:
            opened.add_notify_handler(lambda notice: hear(_payload(notice.payload.encode())))
            async with asyncio.timeout(CONNECT_S):
                # What is not for keeps need not wait for the disk.
                await opened.execute("SET synchronous_commit = off")
                await opened.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
            listening = Listening(opened.pgconn, self._channel, hear)
            try:
                yield listening
            finally:
                listening.stop()
        except (Error, OSError) as error:
            raise NotConnected(reason(error, self._secrets)) from None
        finally:
            await opened.close()


class Listening:
    """A connection that listens."""

    def __init__(self, connection: PGconn, channel: str, hear: Hear) -> None:
        self._connection = connection
        self._channel = channel.encode()
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[None] | None = None
        self.lost: asyncio.Future[str] = self._loop.create_future()
        # libpq closes its own when the server is gone, and another file may get the number.
        self._socket = os.dup(connection.socket)
        self._end = select.poll()
        self._end.register(self._socket, 0)
        self._loop.add_reader(self._socket, self._read)
        self._read()  # what libpq has read already is announced by no socket

    async def send(self, payloads: Sequence[bytes]) -> None:
        texts = b"{" + b",".join(map(b64encode, payloads)) + b"}"
        self._answered = self._loop.create_future()
        try:
            self._connection.send_query_params(_SEND, [self._channel, texts])
        except Error as error:
            self._lose(str(error))
        self._write()
        await self._answered

    async def probe(self) -> None:
        await self.send(())

    def stop(self) -> None:
        """Leave the connection alone."""
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        os.close(self._socket)

    def _write(self) -> None:
        try:
            waits = self._connection.flush()
        except Error as error:
            self._lose(str(error))
            return
        if waits:
            self._loop.add_writer(self._socket, self._write)
        else:
            self._loop.remove_writer(self._socket)

    def _read(self) -> None:
        try:
            self._take_in()
            # Of a socket whose server has gone before it had read all, uvloop tells once, whatever is left to
            # be read; and what tells the end comes last.
            while self._is_waiting and not self.lost.done() and self._end.poll(0):
                self._take_in()
        except Error as error:
            self._lose(str(error))

    def _take_in(self) -> None:
        self._connection.consume_input()
        self._take_answer()  # libpq looks at nothing behind an answer before that is taken
        while notice := self._connection.notifies():
            self._hear(_payload(notice.extra))

    @property
    def _is_waiting(self) -> bool:
        return self._answered is not None and not self._answered.done()

    def _take_answer(self) -> None:
        while not self._connection.is_busy():
            result = self._connection.get_result()
            if result is None:
                if self._answered is not None and not self._answered.done():
                    self._answered.set_result(None)
                return
            if result.status == ExecStatus.FATAL_ERROR:
                self._lose(result.error_message.decode(errors="replace"))

    def _lose(self, why: str) -> None:
        self._loop.remove_reader(self._socket)
        if not self.lost.done():
            self.lost.set_result(" ".join(why.split()))


def _payload(text: bytes) -> bytes:
    """What a notification holds; nothing where it is somebody else's."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""
