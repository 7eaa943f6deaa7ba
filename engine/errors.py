"""Errors of the local Elasticsearch.

EngineError
├── NoJdk               no Java Development Kit that can run the server
├── DistributionError   the server could not be fetched, or is not the one that was pinned
├── PluginError         the script plugin did not compile
├── OptionsError        options that contradict each other or what already runs
├── FolderError         a folder that cannot be used
├── PortInUse           somebody else listens there
├── StartFailed         the server ended or did not answer in time
├── StopFailed          a process of ours did not end
└── Unreachable         the server named by ELASTICSEARCH_URL does not answer
"""


class EngineError(Exception):
    """Carries a message of one line that says what to do."""


class NoJdk(EngineError):
    pass


class DistributionError(EngineError):
    pass


class PluginError(EngineError):
    pass


class OptionsError(EngineError):
    pass


class FolderError(EngineError):
    pass


class PortInUse(EngineError):
    pass


class StartFailed(EngineError):
    """Carries in `log` the last lines that the server wrote."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class StopFailed(EngineError):
    pass


class Unreachable(EngineError):
    pass
