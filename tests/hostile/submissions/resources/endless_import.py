"""Never finish importing.

step: tiny/lists
allowed: timeout
seconds: 0.4
"""

while True:
    pass
