"""The symbols of TeX formulas as Unicode text, and the kinds that decide what stands around them."""

from typing import NamedTuple


class Piece(NamedTuple):
    r"""Hold a translated part of a formula.

    Kinds, one character each so that an outline of pieces can be matched by a regular expression: `o` letter or
    symbol, `n` number, `w` symbol that ends in a word (d_model), `f` word or function (log, \text), `S` large operator
    (Σ), `b` binary and `u` unary operator, `r` relation, `p` punctuation, `(` and `)` brackets, `|` a bar whose role is
    still open, `d` division slash, `/` fraction, `√` root, `∂` differential sign, `s` space.
    """

    text: str
    kind: str


PAD = "\u00a0"  # padding and wide spaces survive the collapsing of spaces, and become plain ones at the very end
QUAD = PAD * 2


def _table(kind: str, names_and_texts: str) -> dict[str, Piece]:
    words = names_and_texts.split()
    return {name: Piece(text, kind) for name, text in zip(words[::2], words[1::2], strict=True)}


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYMBOLS: dict[str, Piece] = {
    **_table(
        "S",
        """sum Σ prod ∏ coprod ∐ int ∫ iint ∬ oint ∮ lim lim
        bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂ bigvee ⋁ bigwedge ⋀""",
    ),
    **_table(
        "o",
        """alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ
        mu μ nu ν xi ξ pi π rho ρ varrho ρ sigma σ varsigma ς tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω
        Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
        infty ∞ nabla ∇ ell ℓ hbar ℏ emptyset ∅ varnothing ∅ forall ∀ exists ∃ neg ¬ lnot ¬
        top ⊤ intercal ⊤ bot ⊥ vdots ⋮ ddots ⋱ Re ℜ Im ℑ aleph ℵ angle ∠
        triangle △ square □ checkmark ✓ prime ′ degree ° imath ı jmath ȷ backslash \\ # # $ $ & & _ _""",
    ),
    **_table(
        "b",
        """pm ± mp ∓ cdot · times × div ÷ odot ⊙ otimes ⊗ oplus ⊕ ominus ⊖ oslash ⊘ cup ∪ cap ∩ sqcup ⊔ setminus ∖
        circ ∘ bullet • ast ∗ star ⋆ wedge ∧ land ∧ vee ∨ lor ∨ dagger † ddagger ‡ bmod mod""",
    ),
    **_table(
        "r",
        """le ≤ leq ≤ leqslant ≤ ge ≥ geq ≥ geqslant ≥ ne ≠ neq ≠ lt < gt > ll ≪ gg ≫ lesssim ≲ gtrsim ≳
        approx ≈ sim ∼ simeq ≃ cong ≅ equiv ≡ propto ∝ triangleq ≜ doteq ≐ coloneqq := mid | parallel ∥ perp ⊥
        in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ vdash ⊢ models ⊨ prec ≺ succ ≻
        to → rightarrow → longrightarrow → gets ← leftarrow ← longleftarrow ← leftrightarrow ↔ mapsto ↦ longmapsto ↦
        Rightarrow ⇒ Longrightarrow ⇒ implies ⇒ Leftarrow ⇐ impliedby ⇐ Leftrightarrow ⇔ Longleftrightarrow ⇔ iff ⇔
        uparrow ↑ downarrow ↓ hookrightarrow ↪ rightsquigarrow ⇝""",
    ),
    **_table("w", "ldots … dots … cdots … dotsc … dotsb …"),
    **_table("∂", "partial ∂"),
    **_table("(", "{ { langle ⟨ lfloor ⌊ lceil ⌈ lvert | lVert ‖ lbrace { lbrack ["),
    **_table(")", "} } rangle ⟩ rfloor ⌋ rceil ⌉ rvert | rVert ‖ rbrace } rbrack ] % %"),
    **_table("|", "| ‖ Vert ‖ vert |"),
    **dict.fromkeys([",", ":", ";", " ", ">", "enspace", "thinspace"], Piece(" ", "s")),
    "quad": Piece(QUAD, "s"),
    "qquad": Piece(QUAD * 2, "s"),
}

CHARACTERS: dict[str, Piece] = {
    **{piece.text: piece for piece in SYMBOLS.values() if len(piece.text) == 1 and not piece.text.isascii()},
    **_table("b", "+ + - − − − * *"),
    **_table("r", "= = < < > > := := == == <= ≤ >= ≥ != ≠ -> →"),
    **_table("p", ", , ; ;"),
    **_table("(", "( ( [ ["),
    **_table(")", ") ) ] ] ! ! ? ? . . % %"),
    **_table("|", "| | || ‖ ‖ ‖"),
    "/": Piece("/", "d"),
    "~": Piece(" ", "s"),
}

SUBSCRIPTS = dict(zip("0123456789+−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
SUPERSCRIPTS = dict(
    zip(
        "0123456789+−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδφχθ⊤∘*∗†′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᵠᵡᶿᵀ°**†′",
        strict=True,
    )
)
SCRIPTS = frozenset([*SUBSCRIPTS.values(), *SUPERSCRIPTS.values()])

CLEAR_SUBSCRIPT = r"[<>≤≥]?[^\W\d_]+"  # x_<t, d_model
CLEAR_SUPERSCRIPT = rf"[^\W\d_][{''.join(SUBSCRIPTS.values())}]+"  # e^zᵢ

ACCENTS = {
    **dict.fromkeys(["hat", "widehat"], "\u0302"),
    **dict.fromkeys(["tilde", "widetilde"], "\u0303"),
    "bar": "\u0304",
    "overline": "\u0305",
    "underline": "\u0332",
    "dot": "\u0307",
    "ddot": "\u0308",
    "check": "\u030c",
    "vec": "\u20d7",
}


def _alphabet(letters: str, first: int, exceptions: str = "") -> dict[int, str]:
    shifted = {ord(letter): chr(first + i) for i, letter in enumerate(letters)}
    return shifted | dict(zip(map(ord, exceptions[::2]), exceptions[1::2], strict=True))


_UPPER, _LOWER, _DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"
_BLACKBOARD = _alphabet(_UPPER, 0x1D538, "CℂHℍNℕPℙQℚRℝZℤ") | _alphabet(_LOWER, 0x1D552) | _alphabet(_DIGITS, 0x1D7D8)
_SCRIPT = _alphabet(_UPPER, 0x1D49C, "BℬEℰFℱHℋIℐLℒMℳRℛ")
_BOLD = {
    **_alphabet(_UPPER, 0x1D400),
    **_alphabet(_LOWER, 0x1D41A),
    **_alphabet(_DIGITS, 0x1D7CE),
    **_alphabet("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡϴΣΤΥΦΧΨΩ∇αβγδεζηθικλμνξοπρςστυφχψω", 0x1D6A8),
}
ALPHABETS = {
    **dict.fromkeys(["mathbf", "boldsymbol", "bm", "pmb"], _BOLD),
    **dict.fromkeys(["mathcal", "mathscr"], _SCRIPT),
    **dict.fromkeys(["mathbb", "mathds", "mathbbm"], _BLACKBOARD),
}
