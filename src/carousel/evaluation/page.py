"""The report as one HTML page that needs nothing else: tables, and plots as SVG inside it."""

import io
from collections.abc import Callable
from html import escape

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carousel.evaluation import metrics
from carousel.evaluation.replay import Answer, Outcome, best_first
from carousel.evaluation.report import Report, table

_OURS, _OTHERS = "#0f766e", "#94a3b8"
_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
table { border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto }
td, th { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #8884; white-space: nowrap }
td:first-child, th:first-child { text-align: left }
pre { background: #8882; padding: .7rem; overflow-x: auto }
blockquote { margin: .3rem 0; padding-left: .8rem; border-left: 3px solid #d97706 }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1rem }
.plots svg { width: 100%; height: auto; background: white; border-radius: .4rem }
"""


def page(report: Report) -> str:
    """Return the page."""
    parts = [f"<h1>{escape(report.title)}</h1><pre>{escape(report.command)}</pre><ul>"]
    parts += [f"<li>{escape(name)}: {escape(_shown(value))}</li>" for name, value in report.data().items()]
    parts.append(f"<li>seed: {report.options.seed}; intervals: 95%, bootstrap over users, 1,000 draws</li></ul>")
    parts += [f"<blockquote>{escape(note)}</blockquote>" for note in report.dataset.notes]
    for outcome in report.outcomes:
        parts += _section(report, outcome)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(report.title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>{"".join(parts)}</html>\n'
    )


def _section(report: Report, outcome: Outcome) -> list[str]:
    header, _, *rows = table(report, outcome)
    parts = [
        f"<h2>Asked for: {escape(outcome.split)}</h2><p>{outcome.questions:,} questions, {outcome.train:,} interactions"
        f" to learn from, {outcome.candidates:,.0f} items to choose from on average.</p>",
        "<table>", _row(header, "th"), *(_row(row, "td") for row in rows), "</table>",
    ]  # fmt: skip
    parts += [f"<blockquote>{escape(note)}</blockquote>" for note in outcome.notes]
    parts += [f"<blockquote>{escape(name)} was left out: it {escape(why)}.</blockquote>"
              for name, why in outcome.left_out.items()]  # fmt: skip
    answers = best_first(outcome.answers)
    k = report.options.k
    plots: list[Callable[[Axes], None]] = [
        lambda axes: _bars(axes, answers, "ndcg", f"nDCG@{k}, with 95% intervals"),
        lambda axes: _bars(axes, answers, "hr", f"HR@{k}, with 95% intervals"),
        lambda axes: _curves(axes, answers),
        lambda axes: _lengths(axes, answers, k),
        lambda axes: _scatter(axes, answers),
    ]
    return [*parts, '<div class="plots">', *map(_svg, plots), "</div>"]


def _row(line: str, tag: str) -> str:
    cells = [escape(cell.strip()) for cell in line.strip("|").split("|")]
    return "<tr>" + "".join(f"<{tag}>{cell.replace('**', '')}</{tag}>" for cell in cells) + "</tr>"


def _svg(draw: Callable[[Axes], None]) -> str:
    # The same figures make the same bytes: no date, and ids that do not change from run to run.
    with mpl.rc_context({"svg.hashsalt": "carousel", "font.size": 9, "svg.fonttype": "path"}):
        figure = Figure(figsize=(6.4, 3.8), layout="constrained")
        draw(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    svg = out.getvalue()
    return svg[svg.index("<svg") :]


def _colour(answer: Answer) -> str:
    return _OURS if answer.name.startswith("Carousel") else _OTHERS


def _bars(axes: Axes, answers: list[Answer], name: str, title: str) -> None:
    shown = answers[::-1]
    means = [a.intervals[name].mean for a in shown]
    below = [a.intervals[name].mean - a.intervals[name].low for a in shown]
    above = [a.intervals[name].high - a.intervals[name].mean for a in shown]
    axes.barh([a.name for a in shown], means, xerr=[below, above], color=[_colour(a) for a in shown], capsize=2)
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)


def _curves(axes: Axes, answers: list[Answer]) -> None:
    for answer in answers[:8]:
        ours = answer.name == "Carousel"
        axes.plot(metrics.CURVE, answer.hit_curve, label=answer.name, marker="." if ours else None,
                  linewidth=2.5 if ours else 1, color=_OURS if ours else None)  # fmt: skip
    axes.set(xscale="log", xlabel="k", title="HR@k")
    axes.set_xticks(metrics.CURVE, list(map(str, metrics.CURVE)))
    axes.legend(frameon=False)


def _lengths(axes: Axes, answers: list[Answer], k: int) -> None:
    names = list(dict.fromkeys(name for answer in answers for name in answer.by_length))
    for answer in answers[:8]:
        ours = answer.name == "Carousel"
        axes.plot(names, [answer.by_length[name] for name in names], label=answer.name, marker=".",
                  linewidth=2.5 if ours else 1, color=_OURS if ours else None)  # fmt: skip
    axes.set(xlabel="events in the history", title=f"HR@{k} by history")
    if names:
        axes.legend(frameon=False)


def _scatter(axes: Axes, answers: list[Answer]) -> None:
    for answer in answers:
        at = (answer.coverage, answer.intervals["novelty"].mean)
        axes.scatter(*at, color=_colour(answer), s=20 + 1500 * answer.intervals["ndcg"].mean)
        axes.annotate(answer.name, at, textcoords="offset points", xytext=(5, 4))
    axes.set(xlabel="share of the items shown to somebody", ylabel="novelty, bits",
             title="Coverage and novelty; the larger, the better the nDCG")  # fmt: skip


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} is {column}" for name, column in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)
