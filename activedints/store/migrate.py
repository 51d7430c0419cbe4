"""Bring a workspace's database to this version's schema (Alembic), or say that it is newer than we are."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, inspect, text

from activedints.core.errors import WorkspaceUnusable

FOLDER = Path(__file__).parent / "migrations"
HEAD = "0004"
"""The newest migration; a test holds it against the scripts in the folder."""


def _current(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        return connection.execute(text("select version_num from alembic_version")).scalar()


def migrate(engine: Engine) -> None:
    """Apply what is missing. The usual case, nothing to do, costs two small queries."""
    if not event.contains(engine, "begin", _begin):
        event.listen(engine, "begin", _begin)
    current = _current(engine)
    if current == HEAD:
        return
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise WorkspaceUnusable(
            f"This workspace has schema {current}, newer than this version's {HEAD}: upgrade activedints, or choose"
            " another folder with --workspace."
        )
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _begin(connection: object) -> None:
    """Writers take the lock at once: two that only read first could both wait for it for ever."""
    writes = connection.get_execution_options().get("writes")  # type: ignore[attr-defined]
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")  # type: ignore[attr-defined]
