"""Runs the migrations over the connection that `bff.stores.migrate` brings; there is no other way in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
