"""The reference engine: SimPy, written to be read (clock, cpu, broker, fleet, then engine)."""
