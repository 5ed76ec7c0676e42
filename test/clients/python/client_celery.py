"""Celery: a worker, results over rpc://, retries with a countdown, remote control, and a broker that restarts."""

import time

from celery_tasks import add, app, flaky

assert add.delay(2, 3).get(timeout=20) == 5
print("FIRST", flush=True)
results = [add.delay(n, n) for n in range(20)]
assert [r.get(timeout=20) for r in results] == [2 * n for n in range(20)]
assert flaky.delay(2).get(timeout=20) == 2
print("TASKS", flush=True)
answers = app.control.ping(timeout=3)
assert len(answers) == 1 and list(answers[0].values())[0] == {"ok": "pong"}, answers
print("CONTROL", flush=True)
print("RESTART ME", flush=True)
# The queue of results is gone with the broker; that the task is done shows in the worker's log.
time.sleep(2)
deadline = time.time() + 15
while True:
    try:
        add.apply_async((20, 22), ignore_result=True)
        break
    except Exception as error:  # the connection may be gone, or the broker not back
        print("again after", type(error).__name__, error, flush=True)
        if time.time() > deadline:
            raise
        time.sleep(0.3)
print("ENDED", flush=True)
