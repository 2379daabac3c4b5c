"""What was changed? Deploys, config commits, data and model versions. Pure."""
