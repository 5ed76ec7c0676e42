"""The tasks of the Celery test; the broker's URL comes from the environment."""

import os

from celery import Celery

app = Celery("celery_tasks", broker=os.environ["BROKER_URL"], backend="rpc://")
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=2,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=100,
    broker_transport_options={"confirm_publish": True},
    result_expires=60,
    task_default_queue="celery-tasks",
)


@app.task
def add(left, right):
    return left + right


@app.task(bind=True, max_retries=3)
def flaky(self, failures):
    if self.request.retries < failures:
        raise self.retry(countdown=0.2, exc=ValueError("not yet"))
    return self.request.retries
