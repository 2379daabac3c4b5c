"""What is known, for a script or a file: measures and reviews on the command line."""
