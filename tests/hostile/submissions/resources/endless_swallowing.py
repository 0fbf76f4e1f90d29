"""Never answer, and swallow whatever would stop it.

step: tiny/lists
allowed: timeout
seconds: 0.4
"""

import signal

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
    signal.signal(number, signal.SIG_IGN)


def total(values):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue


running = halve = total
