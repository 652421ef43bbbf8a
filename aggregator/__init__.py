"""Events to release to partner."""
