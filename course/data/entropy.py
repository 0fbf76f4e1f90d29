"""The exact entropy rate of the synthetic corpus: the floor that no model can get below.

The chain comes back to the beginning of a sentence again and again, and between two beginnings it never meets a state
twice. So its stationary distribution π needs no iteration: how often each beginning is met is one small linear system,
and one sweep through the sentence gives all other states. With H(s) the entropy of what follows state s, in bits, and
L(s) its mean length in bytes,

    bits per byte = Σ π(s) H(s) / Σ π(s) L(s)

Text and path determine each other (course/data/grammar.py), so this is the entropy of the text itself. It bounds every
model with every tokenizer: the sum of −log2 p over fresh text, divided by the text's bytes, lies above it on average.
What a model saw in training is not fresh; and a model that sees only the last few words must guess the rest of the
state, so it stays further above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from course.data.chain import Chain, the_chain
from course.data.grammar import WHOLE

# What `measure()` computes, in seconds that `course data list` has not got; a test holds the two together.
BITS_PER_BYTE = 0.6459937475192467


@dataclass(frozen=True, slots=True)
class Measure:
    """The chain's exact averages, and its size."""

    states: int
    bits_per_emission: float
    bytes_per_emission: float

    @property
    def bits_per_byte(self) -> float:
        return self.bits_per_emission / self.bytes_per_emission


def entropy_bits_per_byte() -> float:
    """Return the entropy rate of the synthetic corpus in bits per byte."""
    return BITS_PER_BYTE


def measure() -> Measure:
    """Compute the entropy rate from nothing but the grammar."""
    chain = the_chain()
    return average(chain, stationary(chain))


def average(chain: Chain, visits: list[float]) -> Measure:
    """Return the averages over all states, each weighed with the share of the time spent in it."""
    bits = math.fsum(share * _entropy(chain.links(state).weights) for state, share in enumerate(visits))
    size = math.fsum(share * _mean_length(chain, state) for state, share in enumerate(visits))
    return Measure(len(visits), bits, size)


def _entropy(weights: tuple[int, ...]) -> float:
    return math.fsum(weight * math.log2(WHOLE / weight) for weight in weights) / WHOLE


def _mean_length(chain: Chain, state: int) -> float:
    links = chain.links(state)
    return sum(weight * len(emission) for weight, emission in zip(links.weights, links.emissions, strict=True)) / WHOLE


def stationary(chain: Chain) -> list[float]:
    """Return the share of the time that the chain spends in each of its states, which are all found on the way."""
    import numpy as np  # noqa: PLC0415 - whoever only draws text does not wait for it

    order = _sentence_order(chain)
    begins = [state for state in order if _begins(chain, state)]
    column = {state: at for at, state in enumerate(begins)}
    # ends[s]: with which probability the sentence that is now in s is followed by each of the beginnings.
    ends = np.zeros((len(order), len(begins)))
    ends[begins] = np.eye(len(begins))
    matrix = np.zeros((len(begins), len(begins)))
    for state in reversed(order):
        links = chain.links(state)
        result = np.array(links.weights) @ ends[list(links.following)] / WHOLE
        if state in column:
            matrix[column[state]] = result
        else:
            ends[state] = result
    # μ (matrix − 1) = 0 and Σ μ = 1: one equation too many, of which any but the sum may go.
    equations = matrix.T - np.eye(len(begins))
    equations[-1] = 1.0
    rates = np.linalg.solve(equations, np.eye(len(begins))[-1])
    visits = [0.0] * len(order)
    for state, rate in zip(begins, rates.tolist(), strict=True):
        visits[state] = rate
    for state in order:
        links = chain.links(state)
        for weight, following in zip(links.weights, links.following, strict=True):
            if following not in column:
                visits[following] += visits[state] * weight / WHOLE
    whole = math.fsum(visits)
    return [share / whole for share in visits]


def _begins(chain: Chain, state: int) -> bool:
    return chain.states[state].role == "start"


def _sentence_order(chain: Chain) -> list[int]:
    """Find every state; return them so that each stands before those that follow it in the same sentence."""
    done: list[int] = []
    met = {0}
    roots = [0]  # the beginnings of sentences found so far
    for root in roots:
        path = [(root, iter(chain.links(root).following))]
        while path:
            state, following = path[-1]
            fresh = next((one for one in following if one not in met), None)
            if fresh is None:
                done.append(state)
                path.pop()
                continue
            met.add(fresh)
            if _begins(chain, fresh):
                roots.append(fresh)
            else:
                path.append((fresh, iter(chain.links(fresh).following)))
    return done[::-1]
