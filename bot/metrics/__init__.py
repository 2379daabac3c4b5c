"""What is normal for a series of counts, and how surprising is a value? Pure."""
