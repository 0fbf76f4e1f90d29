"""What `course show 2.6` draws: the learner's attention weights over the words of a text."""

import re
import zlib

import numpy as np

EXAMPLE = "the cat saw the dog and the dog saw the cat"
WIDTH, MOST = 24, 40
SHARPNESS = 3.0


def picture(module, text, _sample):
    words = re.findall(r"\w+|[^\w\s]", text or EXAMPLE)[:MOST] or [text]
    x = np.array([_vector(word.casefold()) for word in words])
    # The same vectors are queries and keys: a word looks for itself and for others like it.
    q, k, t = SHARPNESS * x, x, len(words)
    pictures = []
    for title, mask in (("Every word sees all words", None), ("No word sees a later one", module.causal_mask(t, t))):
        _, weights = module.scaled_dot_product_attention(q, k, x, mask)
        pictures.append(
            {"kind": "heatmap", "title": title, "rows": words, "columns": words, "values": np.asarray(weights, float)}
        )
    pictures[-1]["note"] = (
        "Your weights: a row is a query, a column a key, and a row sums to 1. The word vectors are random, but equal "
        "words have equal ones and find each other."
    )
    return pictures


def _vector(word):
    """A random unit vector that belongs to this word, scaled so that a word's score with itself is SHARPNESS."""
    v = np.random.default_rng(zlib.crc32(word.encode())).normal(size=WIDTH)
    return v / np.linalg.norm(v) * WIDTH**0.25
