"""Errors of the evaluation; all are VisualSearchErrors with a stable `code` and a message that says what to do.

VisualSearchError
└── EvaluationError
    ├── InvalidDataset    a folder or catalogue that cannot be measured on: no labels, too little, unreadable
    ├── InvalidScores     a file of scores that is not one, or two that may not be compared
    └── Disagreement      the running service answers otherwise than the offline figures
"""

from catalog.errors import VisualSearchError


class EvaluationError(VisualSearchError):
    code = "evaluation_error"


class InvalidDataset(EvaluationError):
    code = "invalid_dataset"


class InvalidScores(EvaluationError):
    code = "invalid_scores"


class Disagreement(EvaluationError):
    code = "disagreement"
