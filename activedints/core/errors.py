"""Every failure that a user can meet, one class per meaning.

A message is one sentence that names the thing, the rule, the value and the cure. Screens and the command line
print it as it stands; anything that is not an ActiveDintsError is a fault of ours.
"""


class ActiveDintsError(Exception):
    """An expected failure. ``str(error)`` is the one sentence that the user reads."""


class InvalidFile(ActiveDintsError):
    """A file cannot be read: truncated, empty, of an unknown kind or of the wrong dimensions."""


class InvalidGeometry(ActiveDintsError):
    """An affine, a spacing or a shape breaks a rule, or two that must agree differ."""


class InvalidLabels(ActiveDintsError):
    """A label map holds values that its label set does not know, or is not made of integers."""


class InvalidChannels(ActiveDintsError):
    """Channels are missing, surplus or named otherwise than the experiment expects."""


class InvalidSettings(ActiveDintsError):
    """A setting is out of its range or contradicts another."""


class UnsafePath(ActiveDintsError):
    """A name or path would leave the folder it belongs to, or cannot be a file name."""


class UnsafeCheckpoint(ActiveDintsError):
    """A weights file holds more than tensors, or not the tensors of this network."""


class DuplicateCase(ActiveDintsError):
    """Two cases carry one name."""


class NotFound(ActiveDintsError):
    """A case, experiment, job or file that was named does not exist."""


class IllegalChange(ActiveDintsError):
    """A status, phase or split may not change in the way that was asked."""


class EmptyPool(ActiveDintsError):
    """There is nothing left to query, or nothing labelled to learn from."""


class WorkspaceBusy(ActiveDintsError):
    """Another worker service holds this workspace."""


class WorkspaceUnusable(ActiveDintsError):
    """The workspace is read-only, full, or of a newer schema."""


class Cancelled(ActiveDintsError):
    """A job was asked to stop and did."""
