"""Errors of the training; all are VisualSearchErrors with a stable `code` and a message that says what to do.

VisualSearchError
└── TrainingError
    ├── InvalidRecipe      the recipe names what does not exist or does not fit together
    ├── NoTrainingData     a source is absent, empty, or lacks the labels that the tasks need
    ├── GateDataRefused    photos of the gate are among those to train on
    ├── CannotResume       a checkpoint that belongs to another recipe or other photos
    └── RunNotFound        the tracker knows no such run, or cannot be reached
"""

from catalog.errors import VisualSearchError


class TrainingError(VisualSearchError):
    code = "training_error"


class InvalidRecipe(TrainingError):
    code = "invalid_recipe"


class NoTrainingData(TrainingError):
    code = "no_training_data"


class GateDataRefused(TrainingError):
    code = "gate_data_refused"


class CannotResume(TrainingError):
    code = "cannot_resume"


class RunNotFound(TrainingError):
    code = "run_not_found"
