"""An evaluation as a picture: the share of queries answered within the first k, over k."""

from pathlib import Path
from typing import TYPE_CHECKING

from binocle.errors import UsageError
from evaluation.results import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#1b6ca8", "#d1495b")
_SUFFIXES = (".png", ".svg", ".pdf")
_NAME_CHARACTERS = 40
_INK = "#333333"
_TOPS = (20, 40, 60, 80, 100)  # per cent: weak models need a closer look


def check_plot_path(path: Path) -> None:
    """Refuse a file that no plot can be written to, before any work is done.

    Raises:
        UsageError: The ending is none that can be drawn, or there is no such folder.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"a plot ends in {', '.join(_SUFFIXES)}, not in {path.suffix or path!r}")
    if not path.expanduser().parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write {path.name} to")


def draw(evaluation: Evaluation, path: Path) -> None:
    """Write one panel for each thing asked, with a curve and its 95 % band for each model.

    Raises:
        UsageError: As for ``check_plot_path``.
    """
    check_plot_path(path)
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    sections = evaluation.results[0].sections
    figure = Figure(
        figsize=(1.4 + 4.4 * len(sections), 4.4),
        layout=ConstrainedLayoutEngine(wspace=0.06),
        dpi=160,
    )
    panels = figure.subplots(1, len(sections), squeeze=False, sharey=True)[0]
    for panel, name in zip(panels, sections, strict=True):
        _draw_panel(panel, evaluation, name)
    panels[0].set_ylabel("right answer among the first k", color=_INK)
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(evaluation.results),
        frameon=False,
        labelcolor=_INK,
    )
    curves = [one.sections[name].curve for one in evaluation.results for name in sections]
    highest = max(one.high for curve in curves for one in curve)
    top = next(top for top in _TOPS if 100 * highest <= top)
    panels[0].set_ylim(0, 1.01 * top)
    panels[0].set_yticks(range(0, top + 1, 20 if top == _TOPS[-1] else top // 4))
    pictures = evaluation.facts.get("pictures", evaluation.facts.get("pictures asked for", 0))
    title = f"{evaluation.title}, {pictures:,} pictures, 95 % intervals"
    figure.suptitle(title, fontsize=11, color=_INK)
    figure.savefig(path.expanduser())


def _draw_panel(panel: "Axes", evaluation: Evaluation, name: str) -> None:
    from matplotlib.ticker import NullLocator, PercentFormatter

    for colour, result in zip(_COLOURS, evaluation.results, strict=False):
        curve = result.sections[name].curve
        ks = range(1, len(curve) + 1)
        panel.fill_between(
            ks,
            [100 * one.low for one in curve],
            [100 * one.high for one in curve],
            color=colour,
            alpha=0.2,
            linewidth=0,
        )
        panel.plot(ks, [100 * one.value for one in curve], color=colour, label=_short(result.model))
    section = evaluation.results[0].sections[name]
    panel.set_title(
        f"{name} ({section.queries:,} queries, {section.candidates:,} candidates)",
        fontsize=9,
        color=_INK,
    )
    panel.set_xlabel("k, logarithmic", color=_INK)
    panel.set_xscale("log")
    ticks = [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= len(curve)]
    panel.set_xticks(ticks, [str(k) for k in ticks])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
    panel.set_xlim(1, max(2, len(curve)))
    panel.grid(color="#dddddd", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(colors=_INK)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _short(model: str) -> str:
    return model if len(model) <= _NAME_CHARACTERS else "…" + model[-_NAME_CHARACTERS:]
