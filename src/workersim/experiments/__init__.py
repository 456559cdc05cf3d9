"""Run scenarios, once or many times, and say what came of it; each module is imported by whoever needs it."""
