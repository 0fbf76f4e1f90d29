"""Execute the many lines under the name of a module of the standard library.

step: tiny/lists
allowed: wrong error forbidden
"""

hidden = {"__name__": "json.decoder"}
exec('''
def slow(values):
    sums = []
    for place in range(len(values)):
        so_far = 0
        for value in values[: place + 1]:
            so_far += value
        sums.append(so_far)
    return sums
''', hidden)


def total(values):
    return sum(values)


def running(values):
    first = values[0]
    for value in values:
        first = value
    return hidden["slow"](values)


def halve(x):
    return x / 2
