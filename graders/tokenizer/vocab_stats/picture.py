"""What `course show 1.7` draws: bytes a token against the size of the vocabulary, for the learner's own tokenizer."""

from pathlib import Path

SIZES = (256, 280, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536)
HELD_OUT = 20_000


def picture(module, text, sample):
    from minillm.tokenizer.bpe_train import train_bpe  # noqa: PLC0415 - the learner's, loaded when something is drawn
    from minillm.tokenizer.tokenizer import Tokenizer  # noqa: PLC0415

    learned, rest = sample[:-HELD_OUT], sample[-HELD_OUT:]
    Path("sample.txt").write_text(learned, encoding="utf-8")
    vocab, merges = train_bpe("sample.txt", max(SIZES), [])
    ratios = []
    for size in (sizes := [size for size in SIZES if size <= len(vocab)]):
        # The first merges of a larger vocabulary are the merges of a smaller one.
        small = Tokenizer({i: vocab[i] for i in range(size)}, merges[: size - 256])
        ratios.append(module.compression_ratio(small, text or rest))
    what = "your text" if text else "text it has not seen"
    return [
        {
            "kind": "curve",
            "title": f"Compression of {what} against vocabulary size",
            "x": "tokens in the vocabulary",
            "y": "bytes a token",
            "xs": [float(size) for size in sizes],
            "ys": [float(ratio) for ratio in ratios],
            "note": f"From {ratios[0]:.2f} bytes a token with the bytes alone to {ratios[-1]:.2f} with {sizes[-1]:,} "
            f"tokens, learned by your train_bpe from {len(learned):,} bytes of simple English.",
        }
    ]
