"""What can be typed? One module a command."""
