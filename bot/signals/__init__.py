"""What suggests trouble? Signals, whatever their source, made comparable. Pure."""
