"""Makes texts that others wrote harmless where a terminal, a log or a spreadsheet would obey them."""

import logging
import re
from types import TracebackType

# ASCII and Latin-1 controls (terminal escapes, line ends), Unicode's line ends, marks that turn the direction of
# writing, and halves of characters, which cannot be written as UTF-8.
OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LINE_ENDS = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # OWASP, "CSV Injection", but for what is written out
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def printable(text: str) -> str:
    r"""Returns `text` on one line: what a terminal would obey is written out, as in `\n` and `\x1b`."""
    return OBEYED.sub(lambda found: _written_out(found.group()), text)


def printable_lines(text: str) -> str:
    """Returns `text` with its line feeds kept and everything else as in `printable`."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _written_out(character: str) -> str:
    code = ord(character)
    return LINE_ENDS.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def csv_cell(value: object) -> object:
    """Returns a cell that no spreadsheet takes for a formula: such a text gets an apostrophe, a number none."""
    if not isinstance(value, str):
        return value
    text = printable(value)  # also no tabs or line ends, after which a formula may begin
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


class PlainFormatter(logging.Formatter):
    """One line per message, whatever is in it; a traceback goes over several, without terminal escapes."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return printable_lines(super().formatException(ei))
