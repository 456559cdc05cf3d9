"""The compiled engine: Numba, one file a concern as in the reference engine (cpu, queues, idle, phases, kernel)."""
