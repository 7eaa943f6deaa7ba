"""Errors that are raised before anything is drawn.

SamplesError            wrong use: the command line says why and exits with 2
├── BadOrder            a number of products, a start or a number of jobs that makes no sense
├── NotOurs             the folder holds something else and is left alone
└── NoSamples           there is no finished set where one is to be read
"""


class SamplesError(Exception):
    """Wrong use; the message says what to do."""


class BadOrder(SamplesError):
    """Raised for a number out of range."""


class NotOurs(SamplesError):
    """Raised for a folder that is not a samples folder."""


class NoSamples(SamplesError):
    """Raised for a folder that holds no finished samples."""
