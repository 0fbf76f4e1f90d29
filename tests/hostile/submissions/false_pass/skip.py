"""Skip the properties, in the open.

step: tiny/lists
allowed: forbidden
"""

import pytest

pytest.skip("nothing to see", allow_module_level=True)
