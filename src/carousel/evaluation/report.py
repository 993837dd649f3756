"""The figures as Markdown and JSON: one table per split, with intervals, and what a reader has to know."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from carousel.evaluation import metrics
from carousel.evaluation.bootstrap import Interval
from carousel.evaluation.dataset import Dataset
from carousel.evaluation.replay import PER_USER, Answer, EvaluateOptions, Outcome, best_first


@dataclass(frozen=True)
class Report:
    """All there is to say about one run."""

    command: str
    dataset: Dataset
    options: EvaluateOptions
    outcomes: Sequence[Outcome]
    stock: str
    seconds: float

    @property
    def title(self) -> str:
        return f"Evaluation on {self.dataset.name}"

    def headers(self) -> dict[str, str]:
        """Names of the metrics as people write them."""
        k = self.options.k
        names = {
            "hr": f"HR@{k}", "ndcg": f"nDCG@{k}", "recall": f"recall@{k}", "mrr": "MRR", "novelty": "novelty, bits",
            "diversity": "diversity", "calibration": "calibration, KL",
        }  # fmt: skip
        # With one item asked for, recall is HR again.
        return {name: text for name, text in names.items() if name != "recall" or self.options.targets > 1}

    def data(self) -> dict[str, object]:
        """What was read, in figures."""
        log = self.dataset.log
        found: dict[str, object] = {
            **self.dataset.facts,
            "interactions": len(log),
            "users": len(np.unique(log.users)),
            "items": self.dataset.item_count,
            "stock": self.stock,
        }
        if self.dataset.clock:
            found["from"], found["until"] = (str(np.datetime64(int(moment), "s")) for moment in (log.at[0], log.at[-1]))
        return found


def markdown(report: Report) -> str:
    """Return the report as Markdown."""
    lines = [f"# {report.title}", "", "```", report.command, "```", ""]
    lines += [f"- {name}: {_shown(value)}" for name, value in report.data().items()]
    lines += [f"- seed: {report.options.seed}; intervals: 95%, bootstrap over users, 1,000 draws", ""]
    lines += [f"> {note}" for note in report.dataset.notes]
    for outcome in report.outcomes:
        lines += ["", f"## Asked for: {outcome.split}", ""]
        lines += [
            f"{outcome.questions:,} questions, {outcome.train:,} interactions to learn from,"
            f" {outcome.candidates:,.0f} items to choose from on average;"
            f" {outcome.known_targets:.0%} of the answers are items somebody had before.",
            "",
        ]
        lines += table(report, outcome)
        lines += ["", *(f"> {note}" for note in outcome.notes)]
        lines += [f"> {name} was left out: it {why}." for name, why in outcome.left_out.items()]
        lines += _chosen(outcome)
    lines += ["", f"{report.seconds:,.0f} s."]
    return "\n".join(lines) + "\n"


def table(report: Report, outcome: Outcome) -> list[str]:
    """Return one split's table, best first; intervals in brackets."""
    headers = report.headers()
    titles = ["model", *headers.values(), "coverage", "exposure Gini", "fit, s", "ms a question"]
    lines = ["| " + " | ".join(titles) + " |", "|---|" + "---:|" * (len(titles) - 1)]
    for answer in best_first(outcome.answers):
        cells = [f"**{answer.name}**" if answer.name == "Carousel" else answer.name]
        cells += [_interval(answer.intervals[name], 2 if name == "novelty" else 3) for name in headers]
        cells += [f"{answer.coverage:.1%}", f"{answer.gini:.3f}", f"{answer.fit_seconds:.1f}"]
        cells.append(f"{1000 * answer.ask_seconds / outcome.questions:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as plain values; NaN becomes null."""
    return {
        "command": report.command,
        "seed": report.options.seed,
        "k": report.options.k,
        "data": {name: value for name, value in report.data().items() if not isinstance(value, Mapping)},
        "columns": report.dataset.facts.get("columns"),
        "notes": list(report.dataset.notes),
        "splits": [
            {
                "split": outcome.split,
                "questions": outcome.questions,
                "train": outcome.train,
                "candidates": round(outcome.candidates, 1),
                "known_targets": outcome.known_targets,
                "notes": outcome.notes,
                "left_out": outcome.left_out,
                "models": [_model(answer) for answer in best_first(outcome.answers)],
            }
            for outcome in report.outcomes
        ],
        "seconds": round(report.seconds, 2),
    }


def _model(answer: Answer) -> dict[str, Any]:
    return {
        "name": answer.name,
        **{name: _plain(answer.intervals[name]) for name in PER_USER},
        "coverage": answer.coverage,
        "gini": None if np.isnan(answer.gini) else answer.gini,
        "hr_at": dict(zip(map(str, metrics.CURVE), answer.hit_curve, strict=True)),
        "hr_by_history": answer.by_length,
        "difference": _plain(answer.difference) if answer.difference else None,
        "settings": asdict(answer.settings) if answer.settings else None,
        "fit_seconds": round(answer.fit_seconds, 3),
        "ask_seconds": round(answer.ask_seconds, 3),
    }


def _plain(found: Interval) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else round(value, 6) for name, value in asdict(found).items()}


def _interval(found: Interval, digits: int) -> str:
    if np.isnan(found.mean):
        return "–"
    return f"{found.mean:.{digits}f} ({found.low:.{digits}f}–{found.high:.{digits}f})"


def _chosen(outcome: Outcome) -> list[str]:
    lines = []
    for answer in outcome.answers:
        if answer.settings is not None:
            said = ", ".join(f"{name} {value}" for name, value in asdict(answer.settings).items())
            lines.append(f"> {answer.name} uses {said}.")
    return lines


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} is `{column}`" for name, column in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)
