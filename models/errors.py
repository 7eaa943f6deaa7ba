"""Defines this room's errors: VisualSearchErrors with a stable `code` and a message that says what to do.

VisualSearchError
├── ModelError
│   ├── InvalidBundle          a folder that is not, or no longer, the bundle it says it is
│   │   └── UnsupportedSchema  written by an older or newer version of this project
│   ├── InvalidModel           an ONNX, preprocessing or weights file that cannot become a bundle
│   ├── ExportFailed           the exported graph gives other values than the network
│   ├── WeightsUnavailable     pretrained weights could not be fetched or read
│   ├── DeviceUnavailable      a GPU was asked for and there is none, or no torch
│   ├── FitFailed              a PCA cannot be fitted on these photos
│   ├── InvalidLock            models.lock or a source's index.json is absent, wrong or lacks what was named
│   ├── SourceUnavailable      a bundle cannot be fetched from where it should be
│   └── InvalidGate            a file that no gate wrote, or that was changed since
├── InvalidInput
│   └── InvalidBatch           pixels of the wrong shape or type
├── NotFound / SpaceNotFound
│   └── BundleNotFound
└── Conflict
    ├── BundleDiffers          the same version is there with other weights or licences
    ├── GateNotPassed          no passed gate of this version against what serves
    └── NotEmbedded            products still lack the vectors of a space that shall serve
"""

from catalog.errors import Conflict, InvalidInput, SpaceNotFound, VisualSearchError


class ModelError(VisualSearchError):
    code = "model_error"
    public = "the model cannot be used here; the log knows why by X-Query-Id"


class InvalidBundle(ModelError):
    code = "invalid_bundle"


class UnsupportedSchema(InvalidBundle):
    code = "unsupported_bundle_schema"


class InvalidModel(ModelError):
    code = "invalid_model"


class ExportFailed(ModelError):
    code = "export_failed"


class WeightsUnavailable(ModelError):
    code = "weights_unavailable"


class DeviceUnavailable(ModelError):
    code = "device_unavailable"


class FitFailed(ModelError):
    code = "fit_failed"


class InvalidLock(ModelError):
    code = "invalid_lock"


class SourceUnavailable(ModelError):
    code = "source_unavailable"


class InvalidGate(ModelError):
    code = "invalid_gate"


class InvalidBatch(InvalidInput):
    code = "invalid_batch"


class BundleNotFound(SpaceNotFound):
    code = "model_not_found"


class BundleDiffers(Conflict):
    code = "bundle_differs"


class GateNotPassed(Conflict):
    code = "gate_not_passed"


class NotEmbedded(Conflict):
    code = "not_embedded"


def get_first_line(error: BaseException) -> str:
    """Returns the first line of an error's message, its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
