"""What is wrong with a command line, in our words."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)


def said(app: App, error: CycloptsError) -> str:
    """A sentence: what was expected, what came, where more is said."""
    command = " ".join(("tsock", *(error.command_chain or ())))
    more = f"`{command} --help` says more"
    match error:
        case UnknownCommandError():
            return _no_command(app, error, command)
        case UnknownOptionError():
            option = (error.token.keyword or error.token.value).partition("=")[0]
            known = [name for each in error.argument_collection if each.parse for name in each.names]
            return f"{command} has no {option:.80}; {_near(option, known) or more}"
        case UnusedCliTokensError():
            return f"{command} does not take {_first(error):.80}; {more}"
        case MissingArgumentError(argument=argument) if argument is not None:
            is_flag_alone = argument.name in (error.root_input_tokens or ())
            given = "needs a value" if is_flag_alone else "is missing"
            about = _about(_of(app, error), argument.name)
            return f"{command}: {_shown(argument.name)} {given} ({about}); {more}"
        case CoercionError(token=token, argument=argument) if token is not None:
            name = token.keyword or (argument.name if argument else "")
            came = token.value[:80] or "an empty one"
            return f"{_shown(name)}: expected {_kind(error.target_type)}, not {came}"
        case _:
            return str(error)


def _no_command(app: App, error: CycloptsError, command: str) -> str:
    word = _first(error)
    near = _near(word, [name for name in _of(app, error) if not name.startswith("-")])
    return f"there is no command `{command} {word:.80}`; {near or f'`{command} --help` lists them'}"


def _of(app: App, error: CycloptsError) -> App:
    """The command that was called."""
    for name in error.command_chain or ():
        app = app[name]
    return app


def _about(command: App, name: str) -> str:
    """What an argument is for, as the help says it."""
    for argument in command.assemble_argument_collection(parse_docstring=True):
        if argument.name == name:
            said = " ".join((argument.parameter.help or "").split()).rstrip(".")
            is_abbreviation = said[1:2].isupper()
            return said if is_abbreviation else said[:1].lower() + said[1:]
    return "see the help"


def _shown(name: str) -> str:
    return name if name.startswith("-") else name.upper()


def _first(error: CycloptsError) -> str:
    return next(iter(error.unused_tokens or error.root_input_tokens or ()), "")


def _near(word: str, known: list[str]) -> str:
    found = get_close_matches(word, known, n=1)
    return f"did you mean {found[0]}?" if found else ""


def _kind(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        *others, last = map(str, get_args(wanted))
        return f"{', '.join(others)} or {last}" if others else last
    return {int: "a whole number", float: "a number", Path: "a name"}.get(wanted, "another value")
