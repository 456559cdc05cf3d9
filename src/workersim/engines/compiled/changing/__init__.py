"""The compiled engine for fleets that change and jobs that come back: world.py says what it knows, kernel.py how it runs.

One file a concern: agenda (what falls due), queues, attempts (rows and what becomes of them), cpu and phases, ideal
(the line of idle slots), celery, processes, sweeps, fleet, deploys.
"""
