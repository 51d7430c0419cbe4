"""What ``doctor PATH`` says: one plain sentence per unusable case, from the very checks that an import makes."""

import tempfile
from pathlib import Path

from activedints.core.errors import ActiveDintsError
from activedints.core.job import Report, silent
from activedints.formats.convert import Conversion
from activedints.formats.names import whole
from activedints.formats.source import read_dataset

Finding = tuple[str, str]
"""(file or case, sentence)."""


def inspect(
    path: Path,
    format: str = "auto",
    channel_globs: dict[str, str] | None = None,
    reference: str | None = None,
    register: bool = False,
    report: Report = silent,
) -> list[Finding]:
    """Read ``path`` as an import with the same words would, and keep nothing of it.

    An empty list means that there are cases and that all of them can be imported.
    """
    try:
        with tempfile.TemporaryDirectory() as scratch:
            conversion = Conversion(Path(scratch), reference, register)
            return list(read_dataset(path, format, channel_globs, report, conversion).problems.items())
    except ActiveDintsError as fault:
        return [(whole(path), str(fault))]
