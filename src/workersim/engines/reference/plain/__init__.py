"""The model once more for fleets that stay as they are, where jobs run once: all that SimPy's speed allows."""
