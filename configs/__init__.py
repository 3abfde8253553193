"""Floor 1: typed settings, and the only place that reads the environment."""
