"""The compiled engine for fleets that change and jobs that come back.

world.py says what it knows, kernel.py how it runs, events.py what happens then.  One file a concern: agenda (what falls
due), queues, attempts (rows that are opened and closed), register (what is not acknowledged), running, phases and cpu,
ends (of attempts, and what they lead to), ideal (the line of idle slots), celery, turns (who asks for a message),
processes, fleet, changes (its table), deploys.
"""
