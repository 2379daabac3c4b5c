"""`python -m bot` is `tocsin`."""

from bot.cli import main

main()
