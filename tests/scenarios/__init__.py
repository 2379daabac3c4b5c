"""Stories in simulated time, from the log line to the message."""
