"""What can go wrong with a load test; the message is one line that says what to do.

LoadtestError
├── CannotStart         wrong use, or something it needs is not there: exit status 2
│   ├── NotAllowed      a target that is not this machine, or a catalogue that is not ours to fill
│   └── Unreachable     nothing answers there, or not as the API or Elasticsearch would
└── LoadFailed          Elasticsearch would not take what was drawn: exit status 1
"""


class LoadtestError(Exception):
    pass


class CannotStart(LoadtestError):
    pass


class NotAllowed(CannotStart):
    pass


class Unreachable(CannotStart):
    pass


class LoadFailed(LoadtestError):
    pass
