"""A DuckDB in this process that several threads ask at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from model.duckdb_sql import SETTINGS, SPARK_WORDS
from model.duckdb_words import CREATED
from model.errors import OnefoldError


class SharedDuckDB:
    """A database in memory; what does not fit spills to `folder`.

    A connection answers one question at a time, so every thread has one of its own. Views and
    tables are everybody's. Rows of Arrow are given under a name, which every connection learns
    before it is asked.
    """

    def __init__(self, folder: Path) -> None:
        self._first = duckdb.connect(config={"temp_directory": str(folder)})
        # Nothing is ever removed from it: looking for gaps would be seconds of a night lost.
        self._first.execute("set checkpoint_threshold = '1TB'")
        self._limit = _half_of_its_memory(self._first)
        _hold(self._first, self._limit)
        for word in SPARK_WORDS:
            self._first.execute(word)
        self._given: list[tuple[str, pa.Table | ds.Dataset]] = []
        self._of_threads: list[duckdb.DuckDBPyConnection] = []
        self._mine = threading.local()
        self._count = 0
        self._is_learned = False
        self._lock = threading.Lock()

    @contextmanager
    def asking(self, step: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """This thread's connection; its own errors may show values, ours name the step."""
        try:
            yield self._connection()
        except duckdb.Error as error:
            raise _failed(step, error) from None

    def learn(self) -> None:
        """Makes known the words of the tag language, which take a while to say."""
        with self._lock:
            if not self._is_learned:
                for word in CREATED:
                    self._first.execute(word)
            self._is_learned = True

    @contextmanager
    def beside(self, step: str, these: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
        """A database of this thread's own that knows only some rows, `these`: it has one core and
        keeps rows in their order."""
        if not hasattr(self._mine, "beside"):
            self._mine.beside = _with_words(duckdb.connect(config={"threads": 1}))
            for name, value in (SETTINGS | {"preserve_insertion_order": "true"}).items():
                self._mine.beside.execute(f"set {name} = '{value}'")
            with self._lock:
                self._of_threads.append(self._mine.beside)
        connection: duckdb.DuckDBPyConnection = self._mine.beside
        connection.register("these", these)
        try:
            yield connection
        except duckdb.Error as error:
            raise _failed(step, error) from None
        finally:
            connection.unregister("these")

    @contextmanager
    def within(self, gigabytes: float | None) -> Iterator[None]:
        """For everybody no more memory than so much (None: than ever), or than there is else: what
        does not fit spills."""
        if gigabytes is None:
            yield
            return
        _hold(self._connection(), int(min(self._limit, gigabytes * 1e9)))
        try:
            yield
        finally:
            _hold(self._connection(), self._limit)

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if not hasattr(self._mine, "connection"):
            self._mine.connection, self._mine.known = self._opened(), 0
        connection: duckdb.DuckDBPyConnection = self._mine.connection
        for name, rows in self._given[self._mine.known :]:
            connection.register(name, rows)
            self._mine.known += 1
        return connection

    def _opened(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            opened = self._first.cursor()
            self._of_threads.append(opened)
        for name, value in SETTINGS.items():
            opened.execute(f"set {name} = '{value}'")
        return opened

    def give(self, name: str, rows: pa.Table | ds.Dataset) -> None:
        """Makes rows known to all connections."""
        with self._lock:
            self._given.append((name, rows))

    def new_name(self, of: str) -> str:
        """A name that nothing has yet."""
        with self._lock:
            self._count += 1
            return f"{of}_{self._count}"

    def close(self) -> None:
        """Gives everything back."""
        for connection in (*self._of_threads, self._first):
            connection.close()


def _failed(step: str, error: duckdb.Error) -> OnefoldError:
    return OnefoldError(f"step {step} failed in the local engine ({type(error).__name__})")


def _with_words(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    for word in (*SPARK_WORDS, *CREATED):
        connection.execute(word)
    return connection


def _hold(connection: duckdb.DuckDBPyConnection, size: int) -> None:
    connection.execute(f"set memory_limit = '{size} bytes'")


def _half_of_its_memory(connection: duckdb.DuckDBPyConnection) -> int:
    """Half of the bytes that DuckDB would take: a JVM and the Arrow tables live beside it."""
    ((size,),) = connection.execute(
        "select parse_formatted_bytes(current_setting('memory_limit')) // 2"
    ).fetchall()
    return int(size)
