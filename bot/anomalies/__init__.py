"""What is unusual? Detectors, one a file, and the explanation of a score. Pure."""
