"""Errors of the load test beside the catalogue's own; each message is one line that says what to do.

LoadtestError
├── CannotStart         wrong use, or something it needs is not there: exit status 2
│   ├── TargetRefused   a target that is not this machine, or a catalogue that is not ours to fill
│   └── ApiUnreachable  nothing answers there as the API would
└── LoadFailed          Elasticsearch would not take what was drawn: exit status 1
"""

from catalog.errors import VisualSearchError


class LoadtestError(VisualSearchError):
    pass


class CannotStart(LoadtestError):
    pass


class TargetRefused(CannotStart):
    pass


class ApiUnreachable(CannotStart):
    pass


class LoadFailed(LoadtestError):
    pass
