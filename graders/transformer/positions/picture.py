"""What `course show 2.2` draws: the learner's position encodings, and how alike two positions are."""

import numpy as np

POSITIONS, WIDTH = 24, 32


def picture(module, text, _sample):
    names = [repr(char)[1:-1] for char in text[:POSITIONS]] if text else [str(p) for p in range(POSITIONS)]
    table = np.asarray(module.sinusoidal_positions(len(names), WIDTH), float)
    alike = table @ table.T / (WIDTH / 2)
    return [
        {
            "kind": "heatmap",
            "title": "Your encodings: a row is a position, a column a dimension",
            "rows": names,
            "columns": [str(i) for i in range(WIDTH)],
            "values": table,
            "low": -1.0,
            "note": "On the left the pairs of columns turn fast, on the right hardly, like the hands of a clock.",
        },
        {
            "kind": "heatmap",
            "title": "How alike two positions are: the product of their rows, by its largest value",
            "rows": names,
            "columns": names,
            "values": alike,
            "low": -1.0,
            "note": "Along every diagonal the numbers are equal: only the distance counts.",
        },
    ]
