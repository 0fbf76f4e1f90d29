"""Skip the properties, with an import that the syntax tree does not show.

step: tiny/lists
allowed: forbidden
"""

exec("import py" + "test; pytest.skip('nothing to see', allow_module_level=True)")
