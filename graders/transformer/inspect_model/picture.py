"""What `course show 2.12` draws: the learner's model of a text, seen with the learner's own instruments."""

import math

import numpy as np
import torch
from torch import nn

EXAMPLE = "the cat saw the dog and the dog saw the cat. the cat ran and the dog ran."
MOST, STEPS, WIDTH, HEADS, DEPTH = 120, 40, 32, 2, 3


class Model(nn.Module):
    """The learner's blocks between the learner's embedding and output, as in the lesson."""

    def __init__(self, layers, block, vocab):
        super().__init__()
        self.token_embeddings = layers.Embedding(vocab, WIDTH)
        self.layers = nn.ModuleList(block(WIDTH, HEADS, 64, MOST, 1e4) for _ in range(DEPTH))
        self.ln_final, self.lm_head = layers.RMSNorm(WIDTH), layers.Linear(WIDTH, vocab)

    def forward(self, ids):
        x = self.token_embeddings(ids)
        for block in self.layers:
            x = block(x)
        return self.lm_head(self.ln_final(x))


def picture(module, text, _sample):
    from minillm.transformer import modules as layers  # noqa: PLC0415 - the learner's, loaded when something is drawn
    from minillm.transformer.block import TransformerBlock  # noqa: PLC0415

    characters = list((text or EXAMPLE)[: MOST + 1])
    characters = characters if len(characters) > 1 else characters * 2
    known = sorted(set(characters))
    # A plane needs two points: a text of one character gets a second one, which it never uses.
    names = known if len(known) > 1 else [*known, "?"]
    ids = torch.tensor([[names.index(one) for one in characters]])
    batch = ids[:, :-1], ids[:, 1:]
    torch.manual_seed(0)
    model = Model(layers, TransformerBlock, len(names))
    before = module.gradient_flow(model, batch)
    first, last = _learn(model, batch), _loss(model, batch)
    return [
        *(_flow(flow, title) for flow, title in ((before, "before"), (module.gradient_flow(model, batch), "after"))),
        _embedding(module, model, names, first, last),
        _look(module, model, batch[0], [characters[place] for place in range(batch[0].shape[1])]),
    ]


def _loss(model, batch):
    with torch.no_grad():
        logits = model(batch[0])
        return float((torch.logsumexp(logits, -1) - logits.gather(-1, batch[1][..., None])[..., 0]).mean())


def _learn(model, batch):
    """A few steps down the gradient, each parameter by its own size; return the loss before."""
    first = _loss(model, batch)
    for _ in range(STEPS):
        logits = model(batch[0])
        loss = (torch.logsumexp(logits, -1) - logits.gather(-1, batch[1][..., None])[..., 0]).mean()
        slopes = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for parameter, slope in zip(model.parameters(), slopes, strict=True):
                parameter.sub_(0.05 * parameter.norm() * slope / (slope.norm() + 1e-12))
    return first


def _flow(flow, when):
    """One bar for each part of the model, in the order of the way through it."""
    parts = {}
    for name, length in flow.items():
        words = name.split(".")
        part = f"layer {words[1]} {words[2]}" if words[0] == "layers" else words[0].replace("_", " ")
        part = part.replace("ln1", "norms").replace("ln2", "norms")
        parts[part] = math.hypot(parts.get(part, 0.0), float(length))
    return {
        "kind": "bars",
        "title": f"Length of the gradient by layer, {when} {STEPS} steps of learning your text",
        "labels": list(parts),
        "values": list(parts.values()),
        "note": "No bar may be missing: a part that the gradient does not reach never learns.",
    }


def _embedding(module, model, names, first, last):
    table = model.token_embeddings.weight.detach().double().numpy()
    points, _, shares = module.pca_2d(np.array(table))
    total = float(np.sum(shares))
    return {
        "kind": "scatter",
        "title": "Your embedding in two dimensions",
        "xs": [float(x) for x in np.asarray(points)[:, 0]],
        "ys": [float(y) for y in np.asarray(points)[:, 1]],
        "labels": [repr(name)[1:-1] if name != " " else "␣" for name in names],
        "note": f"Every character of the text after {STEPS} steps (loss {first:.2f} → {last:.2f}). The two directions "
        f"hold {total:.0%} of the variance: the rest is not in the picture.",
    }


def _look(module, model, ids, characters):
    most = 40
    weights = np.asarray(module.attention_weights(model, ids, DEPTH - 1, 0).detach().double().numpy())[0, :most, :most]
    names = [repr(one)[1:-1] for one in characters[:most]]
    entropy = module.attention_entropy(torch.from_numpy(np.array(weights))).tolist()
    return {
        "kind": "heatmap",
        "title": f"Where head 0 of layer {DEPTH - 1} looks",
        "rows": names,
        "columns": names,
        "values": weights,
        "note": f"A row is a query and sums to 1. The last row spreads over {math.exp(entropy[-1]):.1f} keys of "
        f"{len(names)}.",
    }
