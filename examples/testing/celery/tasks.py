# The program under test: a Celery task that must not be lost when its worker dies.
import os
import time

from celery import Celery

app = Celery("shop", broker=os.environ["BROKER_URL"])
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 1


@app.task(name="shop.pack")
def pack(order):
    if os.environ.get("SLOW"):
        time.sleep(60)
    app.send_task("shop.packed", [order], queue="packed")
