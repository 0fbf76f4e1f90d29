"""1.3 from runs: `groupby` cuts the text where the kind of character changes; then spaces and apostrophes move over."""

from itertools import groupby

# str.isspace() also counts the separators \x1c to \x1f.
NO_SPACE = "\x1c\x1d\x1e\x1f"
ENDINGS = "s", "d", "m", "t", "ll", "ve", "re"


def kind_of(char):
    if char.isalpha():
        return "L"
    if char.isnumeric():
        return "N"
    return "S" if char.isspace() and char not in NO_SPACE else "?"


def iter_pretokens(text):
    white = ""  # white space, until it is known whether something follows
    quote = ""  # a lone apostrophe, until it is known which letters follow
    for kind, group in groupby(text, kind_of):
        run = "".join(group)
        if kind == "S":
            if quote:
                yield quote
            quote, white = "", run
            continue
        if white:
            if len(white) > 1:
                yield white[:-1]
            if white[-1] != " ":
                yield white[-1]
            white = " " if white[-1] == " " else ""
        if quote:
            ending = next((ending for ending in ENDINGS if run.startswith(ending)), "")
            yield quote + ending
            quote, run = "", run[len(ending) :]
        if run == "'" and not white:
            quote = run
            continue
        if run:
            yield white + run
        white = ""
    if quote or white:
        yield quote or white


def pretokenize(text):
    return [*iter_pretokens(text)]
