"""Where is it remembered? SQLAlchemy Core on SQLite or PostgreSQL: the only SQL of the program.

database    an engine set up right, and transactions       tables      the schema
logs changes signals incidents runs outbox records leases  one file a group of rows, as `bot.engine.ports` asks
migrations  the schema's versions (Alembic)                migrate     runs them
"""
