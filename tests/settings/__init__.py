"""The settings and their documentation."""
