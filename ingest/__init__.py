"""What happens to a file: the rules, the state and the steps, with no HTTP and no Celery."""
