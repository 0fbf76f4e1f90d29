"""The same by a generator, which knows the frame that runs it.

step: tiny/lists
allowed: forbidden error
"""


def walk():
    frame = me.gi_frame
    while frame is not None:
        for value in list(frame.f_locals.values()):
            guard = getattr(value, "guard", None)
            if guard is not None:
                guard.armed = False
        frame = frame.f_back
    yield


me = walk()
next(me)
numpy = __import__("num" + "py")


def total(values):
    return int(numpy.sum(values))


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
