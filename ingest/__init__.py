"""The core of the service: what happens to files, with no HTTP and no Celery.

Here: the API's operations (`stores`), jobs, steps, the database and everything else that `api` and `workers` share.
Not here: routes and schemas (`api`), Celery tasks and worker processes (`workers`).
At the top level are only the modules that everything stands on: config, environment, errors, ids, limits, status,
timeouts, caller, services.
"""
