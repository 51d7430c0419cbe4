"""Alembic's entry: runs the named steps in ``versions`` on the connection that ``store.migrate`` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None, transactional_ddl=True)
context.run_migrations()
