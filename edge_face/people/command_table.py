"""What all tables of commands do alike: a command is a method, its arguments are JSON values by name, its answer is one."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

from edge_face.errors import UsageError

Answer = dict[str, Any]


class Commands(Protocol):
    """What may be asked of the store, by name."""

    def names(self) -> tuple[str, ...]: ...

    def run(self, command: str, arguments: Mapping[str, Any], /) -> Any: ...


def run_in(tables: Iterable[Commands], command: str, arguments: Mapping[str, Any]) -> Any:
    """Runs a command in the first table that knows it. Raises UsageError when none does, and whatever the command raises."""
    for table in tables:
        if command in table.names():
            return table.run(command, arguments)
    raise UsageError(f"there is no command '{command}'")


class CommandTable:
    """`table`: methods by the names of their commands."""

    table: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """All commands that `run` knows."""
        return tuple(cls.table)

    def run(self, command: str, arguments: Mapping[str, Any]) -> Answer:
        """Runs a command by its name. Raises UsageError for an unknown one or wrong arguments, and whatever the command raises:
        PeopleError, AccessError, StoreError."""
        method = getattr(self, self.table.get(command, ""), None)
        if method is None:
            raise UsageError(f"there is no command '{command}': there are {', '.join(self.table)}")
        try:
            inspect.signature(method).bind(**arguments)
        except TypeError as error:
            raise UsageError(f"{command}: {error}") from error
        answer: Answer = method(**arguments)
        return answer
