"""Read the reference through links in the scratch folder.

step: foundations/neuron
allowed: forbidden error
"""

import json
import os
import sys

for root in json.loads(sys.argv[1]):
    target = os.path.join(root, "graders", "foundations", "neuron", "reference.py")
    for link in (os.symlink, os.link):
        try:
            link(target, f"{link.__name__}.py")
            exec(open(f"{link.__name__}.py").read())
        except OSError:
            pass
