"""Start threads until none can be started.

step: tiny/lists
allowed: error memory crashed timeout
memory: 512
seconds: 4
"""

import threading
import time


def total(values):
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


running = halve = total
