"""The command line and composition root: the only place that wires the parts together.

Heavy imports (torch, SimpleITK) happen inside the commands that need them: `activedints status` answers at once.
"""

import sys

from activedints.cli.root import app
from activedints.core.errors import ActiveDintsError


def main() -> None:
    """Run the command line: exit 0, 1 (a named failure, one sentence on stderr) or 2 (usage)."""
    from activedints.cli import advising, cases, data, few_shot, ranking, search, service, studies, study, turn  # noqa: F401

    try:
        app(prog_name="activedints")
    except ActiveDintsError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
    except OSError as fault:  # a full or read-only disk, a folder that may not be entered
        place = fault.filename or "A file"
        print(
            f"{place} cannot be read or written ({fault.strerror or fault}): free some space, or choose another.",
            file=sys.stderr,
        )
        sys.exit(1)
