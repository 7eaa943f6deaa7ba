"""Escapes texts of others where a terminal, a log or a spreadsheet would take them for commands."""

import logging
import re
from types import TracebackType

# ASCII and Latin-1 controls (terminal escapes, line ends), Unicode's line ends, marks that turn the direction of
# writing, and halves of characters, which cannot be written as UTF-8.
CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LINE_ENDS = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # OWASP, "CSV Injection", but for what is written out
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def escape_controls(text: str) -> str:
    r"""Returns `text` on one line: control characters are written out, as in `\n` and `\x1b`."""
    return CONTROL_CHARACTERS.sub(lambda found: _escape_character(found.group()), text)


def escape_lines(text: str) -> str:
    """Returns `text` with its line feeds kept and everything else escaped as in `escape_controls`."""
    return "\n".join(escape_controls(line) for line in text.split("\n"))


def _escape_character(character: str) -> str:
    code = ord(character)
    return LINE_ENDS.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def escape_cell(value: object) -> object:
    """Returns a cell that no spreadsheet takes for a formula: such a text gets an apostrophe, a number none."""
    if not isinstance(value, str):
        return value
    text = escape_controls(value)  # also no tabs or line ends, after which a formula may begin
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


class PlainFormatter(logging.Formatter):
    """Formats each message as one line, whatever is in it; a traceback takes several, without terminal escapes."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = escape_controls(record.message)
        return super().formatMessage(record)

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return escape_lines(super().formatException(ei))
