"""Who is on call, and who is asked next when nobody answers? Pure: the time is given."""
