"""Raise SystemExit(0) while the module is imported.

step: tiny/lists
allowed: crashed
"""

raise SystemExit(0)
