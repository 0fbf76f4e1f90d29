"""Open sockets.

step: tiny/lists
allowed: forbidden error
fast: yes
"""

exec("import soc" + "ket\nkept = [socket.socket() for _ in range(100)]")


def total(values):
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
