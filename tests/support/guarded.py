"""A transaction that insists on what makes a rule correct beside others that run at the same time.

Who changes a row must hold what everybody holds who changes it: a claim, a lock, the directory's version.
What a unique index or a condition of the statement decides by itself needs nothing of that.
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from tsock.storage.sqlite.store import SqliteTx

_KEYS = {
    "chat_conversations": ("sid",),
    "chat_pushes": ("number",),
    "chat_roles": ("sid",),
    "chat_templates": ("sid",),
    "chat_users": ("service_sid", "identity"),
    "push_credentials": ("sid",),
    "sync_leftovers": ("object_sid",),
    "sync_objects": ("sid",),
    "webhook_urls": (),
    "webhook_deliveries": ("number",),
}
"""The tables whose rows are claimed, each with its key."""

_DIRECTORY = frozenset(("accounts", "api_keys", "services", "revocations"))

_select = re.compile(r"SELECT (.*?) FROM (.*)").fullmatch
_source = re.compile(r"(?:^|JOIN |, )([a-z_]+)(?: (?!JOIN|ON|WHERE|ORDER|LIMIT)([a-z]+))?")
_write = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) ([a-z_]+)").match
_READ = re.compile(r"(?:FROM|JOIN) ([a-z_]+)")


class GuardedTx(SqliteTx):
    """Fails where a rule changes what it does not hold."""

    def begin_rule(self, now_ms: int, date_ms: int) -> None:
        super().begin_rule(now_ms, date_ms)
        self.held: set[Hashable] = set()
        self._seen: set[str] = set()
        """Tables of the directory that were read, before its version was claimed."""

    def one(self, sql: str, params: Mapping[str, Any]) -> Any:
        self._note_read(sql)
        return super().one(sql, params)

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        self._note_read(sql)
        return super().all(sql, params)

    def claim(self, sql: str, params: Mapping[str, Any]) -> Any:
        row = self.one(sql, params)
        self.hold(sql, [] if row is None else [row])
        return row

    def claim_all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        rows = self.all(sql, params)
        self.hold(sql, rows)
        return rows

    def lock(self, name: str) -> None:
        self.held.add(name)

    def run(self, sql: str, params: Mapping[str, Any]) -> None:
        self._check(sql, params)
        super().run(sql, params)

    def count(self, sql: str, params: Mapping[str, Any]) -> int:
        self._check(sql, params)
        return super().count(sql, params)

    def hold(self, sql: str, rows: Sequence[Any]) -> None:
        """Note which rows a statement has claimed."""
        claimed = _claimed(sql)
        for row in rows:
            self.held.update((table, *(row[place] for place in places)) for table, places in claimed)

    def _note_read(self, sql: str) -> None:
        tables = _DIRECTORY & _read(sql)
        if "directory" in self.held:
            self._seen -= tables
        else:
            self._seen |= tables

    def _check(self, sql: str, params: Mapping[str, Any]) -> None:
        found = _write(sql)
        assert found is not None, sql
        verb, table = found[1], found[2]
        if table == "directory_version":
            self.held.add("directory")
        elif table in _DIRECTORY and verb == "INSERT INTO":
            assert "directory" in self.held, f"a change that does not move the version: {sql}"
            assert table not in self._seen, f"what it changes was read before: {sql}"
        else:
            for needed in self._needed(verb, table, sql, params):
                assert needed in self.held, f"{needed} is not held: {sql}"
        if verb == "INSERT INTO" and table in ("sync_objects", "chat_conversations", "chat_users"):
            self.held.add((table, *(params[name] for name in _KEYS[table])))

    def _needed(self, verb: str, table: str, sql: str, params: Mapping[str, Any]) -> Iterator[Hashable]:
        """What must be held by who executes this."""
        is_new, is_many = verb == "INSERT INTO", "(SELECT" in sql
        if table in ("sync_list_items", "sync_map_items", "sync_permissions"):
            yield from self._of_collection(verb, table, params, is_many=is_many)
        elif table in ("chat_participants", "chat_receipts", "chat_webhooks", "chat_invites"):
            if not is_many and ("webhook_urls",) not in self.held:
                yield from self._of_conversation(table, sql, params)
        elif is_new:
            yield from self._of_new(table, params)
        elif _KEYS.get(table) and set(_KEYS[table]) <= params.keys() and not is_many:
            yield table, *(params[name] for name in _KEYS[table])

    def _of_collection(
        self, verb: str, table: str, params: Mapping[str, Any], *, is_many: bool
    ) -> Iterator[Hashable]:
        if is_many and "sid" in params:
            yield "sync_leftovers", params["sid"]
        elif verb != "DELETE FROM" and "sid" in params and table != "sync_permissions":
            yield "sync_objects", params["sid"]

    def _of_conversation(self, table: str, sql: str, params: Mapping[str, Any]) -> Iterator[Hashable]:
        sid, whose = params.get("conversation_sid") or params["sid"], params
        if not sid.startswith("CH"):
            columns = (
                "conversation_sid, service_sid, identity" if table == "chat_invites" else "conversation_sid"
            )
            sid, *who = self._row(f"SELECT {columns} FROM {table} WHERE sid = :sid", params)
            whose = dict[str, Any](zip(("service_sid", "identity"), who, strict=False))
        of = {"of": sid}
        if table == "chat_webhooks":
            yield "chat_conversations", sid
        elif table == "chat_receipts":
            yield (
                "sync_objects",
                *self._row("SELECT messages_sid FROM chat_conversations WHERE sid = :of", of),
            )
        elif table == "chat_participants" or not sql.startswith("DELETE") or "conversation_sid" in sql:
            yield "sync_objects", *self._row("SELECT roster_sid FROM chat_conversations WHERE sid = :of", of)
        if table == "chat_invites" and "identity" in whose:
            yield "sync_objects", self._user(whose, "conversations_sid")

    def _of_new(self, table: str, params: Mapping[str, Any]) -> Iterator[Hashable]:
        match table:
            case "sync_presence":
                yield f"{table} {params['service_sid']}"
            case "chat_bindings" | "chat_presence":
                yield "sync_objects", self._user(params, "info_sid")
            case "push_credentials" | "chat_accounts" | "alerts" | "audit_events":
                yield f"{table} {params['account_sid']}"
            case "denials" if params["number"] is not None:
                yield table
            case "chat_templates" if self._row("SELECT sid FROM chat_templates WHERE sid = :sid", params):
                yield table, params["sid"]
            case _:
                return

    def _user(self, whose: Mapping[str, Any], part: str) -> Any:
        where = "service_sid = :service_sid AND identity = :identity"
        return self._row(f"SELECT {part} FROM chat_users WHERE {where}", whose)[0]

    def _row(self, sql: str, params: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(self._execute(sql, params).fetchone() or ())


@cache
def _read(sql: str) -> frozenset[str]:
    return frozenset(_READ.findall(sql))


@cache
def _claimed(sql: str) -> list[tuple[str, list[int]]]:
    """The tables whose rows a statement claims, and the places of their keys in its columns."""
    found = _select(sql)
    assert found is not None, sql
    columns, claimed = found[1].split(", "), list[tuple[str, list[int]]]()
    for table, alias in _source.findall(found[2].partition(" WHERE ")[0]):
        names = [f"{alias}.{name}" if alias else name for name in _KEYS.get(table, ())]
        if table in _KEYS and all(name in columns for name in names):
            claimed.append((table, [columns.index(name) for name in names]))
    return claimed
