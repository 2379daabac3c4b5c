"""The schema's versions, one file a step; run by `bot.store.migrate`."""
