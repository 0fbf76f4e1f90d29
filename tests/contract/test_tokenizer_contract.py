"""The finished modules of stage 1, called as the field's own test-suites call them, through an adapter of a few lines.

The expectations are the contract's, computed here from scratch: Stanford CS336's assignment 1 (BPE training, tokenizer,
batches) and minbpe's facade. What runs is our reference; a learner's package has passed the same graders.
"""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course.content import Content
from course.data.corpus import corpus
from course.grading.child import package_finder
from course.grading.judge import reference_modules

sys.path.insert(0, str(Path(__file__).parent))
import adapter

ROOT = Path(__file__).parents[2]
END = "<|endoftext|>"
TEXTS = [
    "", " ", "s", "🙃", "Hello, how are you?", "Héllò hôw are ü? 🙃\r\n\r\n  twice  ", f"a{END}b{END}{END}",
    "\x00\x1c\x85",
    "日本語 and العربية, 12½ 'twas isn't", "x" * 3000, f"{END}", f"almost {END[:-1]} there",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def minillm() -> Iterator[None]:
    """The finished package in place of a learner's, for the tests of this file alone."""
    finder = package_finder({name: str(path) for name, path in reference_modules(Content(ROOT)).items()})
    sys.meta_path.insert(0, finder)
    yield
    sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "minillm"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_bytes(corpus(30_000) + END.encode() + "Héllò 🙃 日本語 isn't it? 12½\r\n".encode() * 20)
    return adapter.run_train_bpe(path, 400, [END])


def replaced(parts: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    merged, i = [], 0
    while i < len(parts):
        width = 2 if tuple(parts[i : i + 2]) == pair else 1
        merged.append(b"".join(parts[i : i + width]))
        i += width
    return merged


def naive(words: Counter[bytes], merges: int) -> list[tuple[bytes, bytes]]:
    """BPE by recounting everything after every merge; the greatest (count, pair) wins."""
    split = {word: [bytes([b]) for b in word] for word in words}
    found = []
    for _ in range(merges):
        counts: Counter[tuple[bytes, bytes]] = Counter()
        for word, parts in split.items():
            for pair in pairwise(parts):
                counts[pair] += words[word]
        if not counts:
            break
        best = max(counts, key=lambda pair: (counts[pair], pair))
        found.append(best)
        split = {word: replaced(parts, best) for word, parts in split.items()}
    return found


# ---------------------------------------------------------------- CS336: training


def test_the_vocabulary_has_the_size_asked_for_bytes_and_specials_included(trained: Any) -> None:
    vocab, merges = trained
    assert sorted(vocab) == list(range(400)) and len(merges) == 400 - 256 - 1
    assert [vocab[i] for i in range(256)] == [bytes([i]) for i in range(256)]
    assert list(vocab.values()).count(END.encode()) == 1
    assert all(left + right in vocab.values() for left, right in merges)


def test_no_merge_touches_a_special_token(trained: Any) -> None:
    assert not [pair for pair in trained[1] if b"<|" in b"".join(pair)]


def test_ties_go_to_the_greatest_pair(tmp_path: Path) -> None:
    rng = random.Random(7)
    words = ["".join(rng.choices("abcé", k=rng.randint(1, 5))) for _ in range(60)]
    (tmp_path / "ties.txt").write_text(" ".join(words), encoding="utf-8")
    counted = Counter([words[0].encode(), *(f" {word}".encode() for word in words[1:])])
    _, merges = adapter.run_train_bpe(tmp_path / "ties.txt", 256 + 40, [])
    assert merges == naive(counted, 40)


def test_keywords_of_other_implementations_are_taken(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("low low lower", encoding="utf-8")
    plain = adapter.run_train_bpe(tmp_path / "t.txt", 260, [END])
    assert adapter.run_train_bpe(tmp_path / "t.txt", 260, [END], num_processes=4) == plain


# ---------------------------------------------------------------- CS336: the tokenizer


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_text_comes_back(trained: Any, text: str) -> None:
    tokenizer = adapter.get_tokenizer(*trained, special_tokens=[END])
    ids = tokenizer.encode(text)
    assert type(ids) is list and tokenizer.decode(ids) == text
    assert all(type(i) is int and i in trained[0] for i in ids)
    assert ids.count(399) == text.count(END)
    assert list(tokenizer.encode_iterable([text])) == ids
    assert list(tokenizer.encode_iterable(iter(text))) == ids


def test_of_two_special_tokens_the_longest_is_meant(trained: Any) -> None:
    tokenizer = adapter.get_tokenizer(*trained, special_tokens=[END, END + END])
    ids = tokenizer.encode(f"Hello{END}{END} how{END}")
    assert [tokenizer.decode([i]) for i in ids].count(END + END) == 1
    assert [tokenizer.decode([i]) for i in ids].count(END) == 1


def test_without_special_tokens_their_text_is_ordinary(trained: Any) -> None:
    tokenizer = adapter.get_tokenizer(*trained)
    assert len(tokenizer.encode(END)) > 1 and tokenizer.decode(tokenizer.encode(END)) == END


def test_half_a_character_becomes_the_replacement_character(trained: Any) -> None:
    tokenizer = adapter.get_tokenizer(*trained)
    assert tokenizer.decode(list("é".encode())[:1]) == "�"


def test_a_stream_needs_little_memory_and_is_lazy(trained: Any) -> None:
    tokenizer = adapter.get_tokenizer(*trained, special_tokens=[END])
    lines = corpus(400_000).decode().splitlines(keepends=True)
    taken = 0

    def source() -> Iterator[str]:
        nonlocal taken
        for line in lines:
            taken += 1
            yield line

    tracemalloc.start()
    try:
        first = next(stream := tokenizer.encode_iterable(source()))
        assert isinstance(first, int) and taken < len(lines) / 2
        tracemalloc.reset_peak()
        base = tracemalloc.get_traced_memory()[0]
        count = 1 + sum(1 for _ in stream)
        assert tracemalloc.get_traced_memory()[1] - base < 1 << 20
    finally:
        tracemalloc.stop()
    assert count == len(tokenizer.encode("".join(lines)))


# ---------------------------------------------------------------- CS336: batches


def test_a_batch_is_shifted_by_one_and_every_start_occurs(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    dataset = np.random.default_rng(3).integers(0, 60_000, 107).astype(np.uint16)
    places = {tuple(dataset[s : s + 7].tolist()): s for s in range(101)}
    seen: Counter[int] = Counter()
    for _ in range(200):
        x, y = adapter.run_get_batch(dataset, 32, 7, "cpu")
        assert x.shape == y.shape == (32, 7) and x.dtype == y.dtype == torch.int64
        for row, target in zip(x.tolist(), y.tolist(), strict=True):
            start = places[tuple(row)]
            assert target == dataset[start + 1 : start + 8].tolist()
            seen[start] += 1
    assert sorted(seen) == list(range(100))
    # 6,400 draws over 100 starts: 64 each, and ten standard deviations of room.
    assert max(abs(count - 64) for count in seen.values()) < 80


def test_a_device_that_is_not_there_raises() -> None:
    pytest.importorskip("torch")
    with pytest.raises((RuntimeError, AssertionError)):
        adapter.run_get_batch(np.zeros(100, dtype=np.uint16), 2, 4, "cuda:99")


# ---------------------------------------------------------------- minbpe's facade


@pytest.mark.parametrize("make", [adapter.basic_tokenizer, adapter.regex_tokenizer])
@pytest.mark.parametrize("text", [text for text in TEXTS if END not in text], ids=len)
def test_minbpe_a_text_comes_back(make: Any, text: str) -> None:
    tokenizer = make()
    tokenizer.train(text * 2 + "aaabdaaabac", 260)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("make", [adapter.basic_tokenizer, adapter.regex_tokenizer])
def test_minbpe_wikipedias_example(make: Any) -> None:
    tokenizer = make()
    tokenizer.train("aaabdaaabac", 256 + 3)
    assert tokenizer.encode("aaabdaaabac") == [258, 100, 258, 97, 99]
    assert tokenizer.merges == {(97, 97): 256, (256, 97): 257, (257, 98): 258}
    assert tokenizer.decode([258, 100, 258, 97, 99]) == "aaabdaaabac"


def test_minbpe_specials_save_and_load(tmp_path: Path) -> None:
    text = f"{END}The llama (Lama glama) is a domesticated camelid.{END}Fur coats.<|fim|>"
    specials = {END: 1000, "<|fim|>": 1001}
    tokenizer = adapter.regex_tokenizer()
    tokenizer.train(text, 256 + 16)
    tokenizer.register_special_tokens(specials)
    ids = tokenizer.encode(text, allowed_special="all")
    assert tokenizer.decode(ids) == text and ids.count(1000) == 2 and ids[-1] == 1001
    with pytest.raises(ValueError, match=r".*"):
        tokenizer.encode(text)
    assert 1000 not in tokenizer.encode(text, allowed_special="none")
    assert tokenizer.encode(text, allowed_special={END}).count(1000) == 2
    tokenizer.save(str(tmp_path / "test"))
    assert (tmp_path / "test.model").exists() and (tmp_path / "test.vocab").exists()
    again = adapter.regex_tokenizer()
    again.load(str(tmp_path / "test.model"))
    assert again.encode(text, allowed_special="all") == ids and again.decode(ids) == text


def test_the_adapter_is_short() -> None:
    assert len((Path(__file__).parent / "adapter.py").read_text(encoding="utf-8").splitlines()) < 60
