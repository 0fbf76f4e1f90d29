"""What `course show 1.5` draws: the learner's own tokens of a text."""

from pathlib import Path

VOCAB_SIZE = 1000
EXAMPLE = "The old teacher sees the newest houses near a lake. Every zebra naïvely ate 12 crème brûlées, quickly!\n"


def picture(module, text, sample):
    from minillm.tokenizer.bpe_train import train_bpe  # noqa: PLC0415 - the learner's, loaded when something is drawn

    text = text or EXAMPLE
    Path("sample.txt").write_text(sample, encoding="utf-8")
    vocab, merges = train_bpe("sample.txt", VOCAB_SIZE, [])
    pieces = [vocab[i] for i in module.Tokenizer(vocab, merges).encode(text)]
    size = len(text.encode())
    counted = f"{len(pieces)} tokens for {size} bytes: {size / max(len(pieces), 1):.2f} bytes a token. "
    learned = f"Your train_bpe learned its {len(vocab):,} tokens from {len(sample):,} bytes of simple English."
    return [{"kind": "tokens", "title": "Your tokens", "pieces": pieces, "note": counted + learned}]
