"""What the import contracts cannot see: scripts, lengths, and what a page drags into memory."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
SOURCES = [*SCRIPTS, *sorted((ROOT / "activedints").rglob("*.py"))]
INTERFACE = sorted((ROOT / "activedints" / "ui").rglob("*.py"))
OUTSIDE = {"torch", "monai", "sqlalchemy", "alembic", "nibabel", "SimpleITK"}
"""Imports that a page or a piece of the interface never writes itself."""


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports."""
    nodes = list(ast.walk(tree(path)))
    plain = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_the_pages_of_the_menu() -> None:
    from activedints.ui.menu import groups

    listed = {screen.script for screens in groups().values() for screen in screens}
    assert listed == {relative(path) for path in SCRIPTS}


@pytest.mark.parametrize("path", SCRIPTS, ids=relative)
def test_a_page_is_thin(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    module = tree(path)
    assert ast.get_docstring(module), "a page says what it is for"
    assert not [node for node in ast.walk(module) if isinstance(node, (ast.Try, ast.ExceptHandler))]
    assert not [node for node in ast.walk(module) if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr)]
    assert not imported(path) & (OUTSIDE | {"numpy", "pandas", "scipy"})
    assert "activedints.store" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=relative)
def test_a_page_starts_with_the_frame(path: Path) -> None:
    """Below imports, constants and functions, a script is one ``with frame.page(...) as here:``."""
    body = [
        node
        for node in tree(path).body
        if not isinstance(node, (ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef))
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    assert len(body) == 1
    assert isinstance(body[0], ast.With)
    assert ast.unparse(body[0].items[0].context_expr).startswith("frame.page(")


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_pickled_and_no_markup_is_trusted(path: Path) -> None:
    assert not imported(path) & {"cloudpickle", "dill", "joblib", "shelve", "marshal"}
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"pickle\.(loads?|dumps?|Pickler|Unpickler)\b|allow_pickle=True|weights_only=False", text)
    assert "unsafe_allow_" not in text


@pytest.mark.parametrize("path", INTERFACE, ids=relative)
def test_the_interface_asks_the_loop_alone(path: Path) -> None:
    asked = re.findall(r"^from activedints\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(asked) <= {"core", "loop", "ui"}
    assert not imported(path) & (OUTSIDE - {"nibabel"})  # the viewer turns volumes with nibabel's arithmetic


def test_a_page_loads_no_torch() -> None:
    """A fresh interpreter that imports all that the pages import has neither torch nor MONAI in memory."""
    lines = {
        ast.unparse(node)
        for path in SCRIPTS
        for node in tree(path).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    modules = [".".join(path.with_suffix("").relative_to(ROOT).parts) for path in INTERFACE if path.stem != "__init__"]
    lines |= {f"import {name}" for name in modules}
    heavy = "{'torch', 'monai', 'nilearn', 'sklearn', 'lightgbm', 'SimpleITK'}"
    program = "\n".join([*sorted(lines), "import sys", f"print(sorted({heavy} & set(sys.modules)))"])
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
