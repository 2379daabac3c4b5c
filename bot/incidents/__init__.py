"""What problem do people work on, what belongs to it, and what caused it? Pure."""
