"""How fast, against whom, and with the right answer: ``python -m tests.benchmarks --help``."""
