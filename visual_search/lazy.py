"""Commands that are imported when they are used, so that `--help` and completion are quick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

INSTALL = "install all of them: pip install --require-hashes -r requirements-torch.txt"

SHOWN = 3  # examples in the help of a command with subcommands, which show theirs


@dataclass(frozen=True, slots=True)
class LazyEntry:
    """Describes a command: `place` is `module:name` of its typer application, `text` and `examples` are its help."""

    place: str
    text: str
    examples: tuple[str, ...] = ()

    @property
    def help(self) -> str:
        """Text and first examples, as typer prints them."""
        return _add_examples(self.text, self.examples[:SHOWN])


def _add_examples(text: str, examples: Sequence[str]) -> str:
    """Returns a help text with examples below it; `\\b` keeps their lines as they are."""
    if not examples:
        return text
    return "\n".join([text.rstrip(), "", "\b", "Examples:", *(f"  {line}" for line in examples)])


class LazyCommand(TyperCommand):
    """Stands for a command in help and completion, and loads it when it is used."""

    def __init__(self, name: str, entry: LazyEntry) -> None:
        super().__init__(name, help=entry.help, short_help=entry.text)
        self.entry = entry

    def load(self) -> Any:
        """Returns the command of the entry's application, or the only one in it where both have the same name.

        Ends the program with status 2 where a package is missing that this command needs and `make setup` leaves out.
        """
        module, _, name = self.entry.place.partition(":")
        try:
            command: Any = get_command(getattr(import_module(module), name))
        except ModuleNotFoundError as error:
            typer.echo(f"visual-search: `{self.name}` needs the package {error.name}; {INSTALL}", err=True)
            raise typer.Exit(2) from None
        subcommands = getattr(command, "commands", {})
        if list(subcommands) == [self.name]:
            command = subcommands[self.name]
        command.help = self.help
        for name, subcommand in subcommands.items():
            subcommand.help = _add_examples(subcommand.help or "", self.examples_of(name))
        return command

    def examples_of(self, subcommand: str) -> list[str]:
        """Returns the examples of one subcommand: their third word is its name."""
        return [line for line in self.entry.examples if line.split()[2:3] == [subcommand]]

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        return self.load().make_context(*args, **kwargs)


def build_group(entries: Mapping[str, LazyEntry]) -> type[TyperGroup]:
    """Returns the class of a command group that has `entries` by name, in that order."""

    class LazyGroup(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return list(entries)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            return LazyCommand(cmd_name, entries[cmd_name]) if cmd_name in entries else None

    return LazyGroup
