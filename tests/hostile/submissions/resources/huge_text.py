"""Return a text that takes four times as many bytes here as on its way.

step: tiny/lists
allowed: wrong memory error forbidden
memory: 1500
"""


def total(values):
    return "🎉" + "a" * (200 << 20)


running = halve = total
