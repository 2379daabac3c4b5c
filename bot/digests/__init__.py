"""What makes a digest: when it comes, who asked for it, what is to be done, and how healthy things were."""
