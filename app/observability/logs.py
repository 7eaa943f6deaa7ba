"""Log lines: one JSON object each, or text for people."""

import json
import logging
import logging.config
import sys
from typing import Any

from app.settings import ApiSettings
from catalog.plain_text import PlainFormatter

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """`time, level, logger, message`, what was given as `extra={"fields": {...}}`, and the traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        text = json.dumps(line, default=str, separators=(",", ":"))  # in ASCII, so that nothing steers a terminal
        return text.replace("\x7f", "\\u007f")


def config(settings: ApiSettings) -> dict[str, Any]:
    """For logging.config and for gunicorn's logconfig_dict: everything to stderr in one format."""
    formatter: dict[str, Any] = {"()": PlainFormatter, "fmt": TEXT}
    if settings.log_format == "json":
        formatter = {"()": "app.observability.logs.JsonFormatter"}
    level = settings.log_level.upper()
    quiet = {"handlers": ["stderr"], "level": "WARNING", "propagate": False}
    ours = {"handlers": ["stderr"], "level": level, "propagate": False}
    # The client's retries come with 40 lines of traceback each; what a question failed of is logged by us, once.
    errors_only = quiet | {"level": "ERROR"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
        "loggers": {
            "app": ours,
            "gunicorn.error": ours,
            "gunicorn.access": quiet,
            "elastic_transport": errors_only,
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    }


def install(settings: ApiSettings) -> None:
    """Use that configuration in this process."""
    logging.config.dictConfig(config(settings))
