"""What is muted, by whom and until when? Pure."""
