"""What a formula looks like on a terminal: a table of golden formulas, and what holds for any text at all."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.view.tex import to_unicode

GOLDEN = {
    # probabilities and losses
    r"\mathrm{softmax}(z)_i = \frac{e^{z_i}}{\sum_{j=1}^{K} e^{z_j}}": "softmax(z)ᵢ = e^zᵢ/(Σⱼ₌₁ᴷ e^zⱼ)",
    r"\frac{\exp(x_i - \max_j x_j)}{\sum_j \exp(x_j)}": "exp(xᵢ − maxⱼ xⱼ)/(Σⱼ exp(xⱼ))",
    r"\mathcal{L} = -\frac{1}{N}\sum_{i=1}^{N} \log p_\theta(y_i \mid x_i)": "ℒ = −1/N Σᵢ₌₁ᴺ log p_θ(yᵢ | xᵢ)",
    r"H(p, q) = -\sum_{x \in \mathcal{X}} p(x) \log q(x)": "H(p, q) = −Σ_(x∈𝒳) p(x) log q(x)",
    r"D_{\mathrm{KL}}(p \,\|\, q) = \mathbb{E}_{p}\left[\log \frac{p(x)}{q(x)}\right]": (
        "D_KL(p ‖ q) = 𝔼ₚ[log(p(x)/q(x))]"
    ),
    r"P(A|B) = \frac{P(B|A)P(A)}{P(B)}": "P(A | B) = P(B | A)P(A)/P(B)",
    r"p(x_1, \dots, x_T) = \prod_{t=1}^T p(x_t \mid x_{<t})": "p(x₁, …, x_T) = ∏ₜ₌₁ᵀ p(xₜ | x_<t)",
    r"\mathbb{E}_{x \sim p}[f(x)] = \int p(x) f(x)\,dx": "𝔼_(x∼p)[f(x)] = ∫ p(x)f(x) dx",
    r"\frac{1}{\sqrt{2\pi\sigma^2}} e^{-\frac{(x-\mu)^2}{2\sigma^2}}": "1/√(2πσ²) · e^(−(x − μ)²/(2σ²))",
    # calculus
    r"\frac{dL}{dx} = \frac{dL}{dy}\,\frac{dy}{dx}": "dL/dx = dL/dy · dy/dx",
    r"\frac{\partial L}{\partial x_j} = \sum_i \frac{\partial L}{\partial y_i} \frac{\partial y_i}{\partial x_j}": (
        "∂L/∂xⱼ = Σᵢ ∂L/∂yᵢ · ∂yᵢ/∂xⱼ"
    ),
    r"\frac{\partial^2 f}{\partial x^2} + \frac{\partial \text{loss}}{\partial w}": "∂²f/∂x² + ∂loss/∂w",
    r"\frac{d}{dx}\frac{1}{x} = -\frac{1}{x^2}": "d/dx(1/x) = −1/x²",
    r"\nabla_W L = X^\top \nabla_Y L": "∇_W L = Xᵀ ∇_Y L",
    r"f'(x) = \lim_{h\to 0} \frac{f(x+h) - f(x-h)}{2h} + O(h^2)": (
        "f′(x) = lim_(h→0) (f(x + h) − f(x − h))/(2h) + O(h²)"
    ),
    r"\left.\frac{dy}{dx}\right|_{x=0}": "dy/dx|ₓ₌₀",
    # networks
    r"\sigma(x) = \frac{1}{1 + e^{-x}}": "σ(x) = 1/(1 + e⁻ˣ)",
    r"\frac{x}{2}\left(1 + \tanh\left[\sqrt{2/\pi}\,(x + 0.044715 x^3)\right]\right)": (
        "x/2 · (1 + tanh[√(2/π) (x + 0.044715x³)])"
    ),
    r"\mathrm{ReLU}(x) = \begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}": (
        "ReLU(x) = { x if x > 0; 0 otherwise }"
    ),
    r"M_{ij} = \begin{cases} 0 & j \le i, \\ -\infty & j > i \end{cases}": "Mᵢⱼ = { 0 if j ≤ i; −∞ if j > i }",
    r"\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}}": "x̂ᵢ = (xᵢ − μ)/√(σ² + ε)",
    r"y = \gamma \odot \hat{\mathbf{x}} + \beta": "y = γ ⊙ 𝐱̂ + β",
    r"\frac{x}{\sqrt{\frac{1}{d}\sum_{i} x_i^2 + \epsilon}}": "x/√(1/d Σᵢ xᵢ² + ε)",
    r"f: \mathbb{R}^n \to \mathbb{R}^m,\ x \mapsto \mathbf{W}\mathbf{x} + \mathbf{b}": "f: ℝⁿ → ℝᵐ, x ↦ 𝐖𝐱 + 𝐛",
    # transformers
    r"\operatorname{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V": "softmax(QKᵀ/√dₖ)V",
    r"\text{MultiHead}(X) = [\text{head}_1; \ldots; \text{head}_h]W^O": "MultiHead(X) = [head₁; …; headₕ]Wᴼ",
    r"\sin\left(\frac{pos}{10000^{2i/d_{\text{model}}}}\right)": "sin(pos/10000^(2i/d_model))",
    r"W \in \mathbb{R}^{d_{\text{model}} \times d_k}": "W ∈ ℝ^(d_model×dₖ)",
    r"N \approx 12\,n_{\text{layer}} d_{\text{model}}^2": "N ≈ 12 n_layer d_model²",
    r"\underbrace{QK^\top}_{T \times T} V": "QKᵀ (T × T) V",
    r"\text{score}(a, b) = \frac{\mathrm{count}(ab)}{\mathrm{count}(a) \cdot \mathrm{count}(b)}": (
        "score(a, b) = count(ab)/(count(a) · count(b))"
    ),
    r"(a^*, b^*) = \arg\max_{(a,b)} \operatorname{count}(a, b)": "(a*, b*) = arg max_(a,b) count(a, b)",
    r"|V| = 256 + n_{\text{merges}}": "|V| = 256 + n_merges",
    r"W' = W + \frac{\alpha}{r} BA": "W′ = W + α/r · BA",
    r"q = \left\lfloor \frac{x}{s} + \frac12 \right\rfloor": "q = ⌊x/s + 1/2⌋",
    r"-\log\sigma\left(\beta \log\frac{\pi_\theta(y|x)}{\pi_{\mathrm{ref}}(y|x)}\right)": (
        "−log σ(β log(π_θ(y | x)/π_ref(y | x)))"
    ),
    # optimizers
    r"m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t": "mₜ = β₁mₜ₋₁ + (1 − β₁)gₜ",
    r"\hat{v}_t = \frac{v_t}{1-\beta_2^t}": "v̂ₜ = vₜ/(1 − β₂ᵗ)",
    r"\theta_{t-1} - \eta\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}": "θₜ₋₁ − η · m̂ₜ/(√v̂ₜ + ε)",
    r"\eta_{\min} + \frac{1}{2}(\eta_{\max} - \eta_{\min})": "η_min + 1/2 · (η_max − η_min)",
    r"x \leftarrow x - \eta \cdot \nabla f(x)": "x ← x − η · ∇f(x)",
    # matrices and vectors
    r"R = \begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{pmatrix}": (
        "R = [cos θ, −sin θ; sin θ, cos θ]"
    ),
    r"A^{-1} = -\tfrac{1}{2}\begin{bmatrix} 4 & -2 \\ -3 & 1 \end{bmatrix}": "A⁻¹ = −1/2 · [4 −2; −3 1]",
    r"\lVert x \rVert_2 = \sqrt{\sum_{i=1}^n x_i^2}": "‖x‖₂ = √(Σᵢ₌₁ⁿ xᵢ²)",
    r"\langle x, y \rangle \le \|x\| \cdot \|y\|": "⟨x, y⟩ ≤ ‖x‖ · ‖y‖",
    r"Z_{ij} = \sum_{\substack{k=1 \\ k \ne i}}^{n} a_{ik} b_{kj}": "Zᵢⱼ = Σ_(k=1;k≠i)ⁿ aᵢₖbₖⱼ",
    # brackets where they are needed, and only there
    r"\frac{n(n+1)}{2} \ne \frac{2}{n(n+1)}": "n(n + 1)/2 ≠ 2/(n(n + 1))",
    r"\frac{\frac{a}{b}}{c}, \frac{a}{\frac{b}{c}}, \frac{a}{b}^2": "(a/b)/c, a/(b/c), (a/b)²",
    r"\frac{-b \pm \sqrt{b^2-4ac}}{2a}, \frac{1}{-x}, \frac{1}{2x}": "(−b ± √(b² − 4ac))/(2a), 1/(−x), 1/(2x)",
    r"\sqrt{2}x, \sqrt[3]{x}, \sqrt{x}^2, \sqrt{x+1}": "√2 · x, ∛x, (√x)², √(x + 1)",
    r"\log \frac{a}{b}, \frac{\log x}{y}, p \log p, -\log p": "log(a/b), (log x)/y, p log p, −log p",
    # scripts
    r"10^{-8}, x^{i+1}, x_{i,j}, x_{1:t}, A_{:,i}": "10⁻⁸, xⁱ⁺¹, x_(i,j), x_(1:t), A_(:,i)",
    r"W^{(l+1)}_{ij}, f''(x), x'_i, \theta^{\text{new}}, W^Q": "Wᵢⱼ⁽ˡ⁺¹⁾, f″(x), xᵢ′, θ^new, W^Q",
    # accents, signs and spaces
    r"\bar{x}, \tilde{x}, \dot{x}, \hat{y_i}, \widehat{xy}": "x̄, x̃, ẋ, ŷᵢ, hat(xy)",
    r"\mathbb{1}[x \neq y], a \not= b, A \setminus B, \{0, 1\}": "𝟙[x ≠ y], a ≠ b, A ∖ B, {0, 1}",
    r"x \ge 0 \Rightarrow y \propto z \pm 1, a \otimes b": "x ≥ 0 ⇒ y ∝ z ± 1, a ⊗ b",
    r"2\text{ GB}, 5~\text{GB}, n\text{-th}, \text{MB}/\text{s}": "2 GB, 5 GB, n-th, MB/s",
    r"1{,}000, 50,257, (1,768), .5, \$5, 50\%": "1,000, 50,257, (1, 768), .5, $5, 50%",
    r"a = b, \quad c = d": "a = b,  c = d",
    r"\text{if $x_i > 0$ then}": "if xᵢ > 0 then",
    # unknown and broken
    r"\foo{x} + \argmax_x y": "foo x + argmaxₓ y",
    r"\frac{a": "a/()",
    r"x_": "x",
    r"} a \right) \end{b}": "a)",
    "": "",
}


@pytest.mark.parametrize("tex", GOLDEN)
def test_a_formula_reads_as_in_the_table(tex: str) -> None:
    assert to_unicode(tex) == GOLDEN[tex]


def test_rows_are_aligned_at_the_ampersand() -> None:
    tex = r"\begin{aligned} m_t &= \beta_1 m_{t-1} \\ \theta_{t+1} &= \theta_t \\ &\quad - \eta m_t \end{aligned}"
    assert to_unicode(tex).split("\n") == [
        "  mₜ = β₁mₜ₋₁",
        "θₜ₊₁ = θₜ",
        "      − ηmₜ",
    ]


def test_rows_inside_a_formula_stand_below_its_first_row() -> None:
    assert to_unicode(r"y = \begin{aligned} a &= b \\ &= c \end{aligned}") == "y = a = b\n      = c"


def test_rows_need_no_environment() -> None:
    assert to_unicode(r"a + b \\ c") == "a + b\nc"


def test_importing_brings_in_no_library() -> None:
    code = "import sys; before = set(sys.modules); import course.view.tex; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"rich", "unicodeit", "pylatexenc", "markdown_it"} & set(run.stdout.split())


@given(st.text())
def test_any_text_comes_out_as_text(tex: str) -> None:
    assert isinstance(to_unicode(tex), str)


COMMANDS = [
    r"\frac",
    r"\sqrt",
    r"\left",
    r"\right",
    r"\hat",
    r"\mathbf",
    r"\sum",
    r"\log",
    r"\begin",
    r"\end",
    r"\text",
]
SIGNS = list("{}{}_^&|'()[]+-=,:/ xyd12")


@given(st.lists(st.sampled_from([*COMMANDS, *SIGNS, r"\\", "{cases}", "{bmatrix}", "{aligned}", r"\partial", "$"])))
def test_broken_formulas_come_out_as_text_too(parts: list[str]) -> None:
    assert isinstance(to_unicode("".join(parts)), str)


@given(st.lists(st.sampled_from([*COMMANDS[:-4], *SIGNS, r"\infty", "\n", "  "])))
def test_a_formula_without_row_ends_is_one_line(parts: list[str]) -> None:
    line = to_unicode("".join(parts))
    assert "\n" not in line
    assert line == line.strip()


@pytest.mark.parametrize("tex", ["{" * 5000, r"\frac{" * 3000, r"\sqrt" * 3000, "|" * 5000, "x_{" * 900])
def test_depth_and_length_are_survived(tex: str) -> None:
    assert isinstance(to_unicode(tex), str)
