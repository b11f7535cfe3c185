"""What workers do: run one job per queued file, and keep the queue healthy between jobs.

Here: the job from claim to outcome, the ingestion pipeline, outages of dependencies, periodic maintenance.
Not here: SQL (`db/queue`), the broker and the feeder (`dispatch`), the steps themselves (`steps`), Celery (`workers`).
"""
