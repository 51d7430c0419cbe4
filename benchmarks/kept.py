"""Figures of the advisor and of the search lab that ship with the product: ``data/advisor_figures.json``."""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[1] / "data" / "advisor_figures.json"


def keep(answer: dict[str, Any], command: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """Replace one benchmark's figures in the file, which the pages read; returns the answer."""
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    kept[answer["name"]] = answer | {"command": command, "details": details}
    FILE.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", encoding="utf-8")
    return answer
