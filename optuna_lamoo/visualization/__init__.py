"""What LaMOO learned of a study, as plotly figures; :mod:`.matplotlib` draws the same.

As in ``optuna.visualization``, figures are returned and not shown. They work on any study, whatever
sampler filled it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optuna.study import Study

from lamoo.report import figures
from lamoo.report.extras import needing
from lamoo.report.figures import COLOURS
from optuna_lamoo.knowledge import knowledge_of
from optuna_lamoo.visualization import _info, matplotlib

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = [
    "matplotlib",
    "plot_hypervolume_history",
    "plot_partition",
    "plot_region_history",
    "plot_regions",
    "save_to_dashboard",
]

#: Dashes, for more studies than there are colours.
DASHES = ("solid", "dash", "dot")


def plot_partition(study: Study) -> Figure:
    """Plot the tree of regions: width is trials, colour hypervolume, framed the path chosen next.

    A tree is learned from at most 256 trials: the best, and a spread of the others.

    Raises:
        ValueError: if the study has one objective, or no finished trial.
    """
    return figures.partition(_info.partition(study)).update_layout(title="Partition")


def plot_regions(study: Study, params: Sequence[str] | None = None) -> Figure:
    """Plot the region chosen next over two parameters, and the trials by dominance number.

    Trials that were stopped early are crosses: they have no final values, and their texts say what
    they reported last. The shading says which share of all settings of the other parameters lies in
    the region.

    Args:
        study: any study.
        params: the names of two parameters, by default those that tell most about it.

    Raises:
        ValueError: as :func:`plot_partition`, or if ``params`` are not two of the study's.
    """
    return figures.regions(_info.regions(study, params)).update_layout(title="Region chosen next")


@needing("plotly", "plots")
def plot_region_history(study: Study) -> Figure:
    """Plot how the region chosen next narrowed as the study grew.

    Raises:
        ValueError: as :func:`plot_partition`.
    """
    from plotly.subplots import make_subplots  # noqa: PLC0415 - plotly is an extra

    stages = _info.region_history(study)
    x = [stage.n for stage in stages]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3])
    lines = {
        "of the hypervolume": [stage.hypervolume for stage in stages],
        "of the trials": [stage.trials / stage.n for stage in stages],
        "of the search space": [stage.share for stage in stages],
    }
    for (name, y), colour in zip(lines.items(), COLOURS, strict=False):
        figure.add_scatter(x=x, y=y, name=name, line={"color": colour}, row=1, col=1)
    depths = [stage.depth for stage in stages]
    line = {"shape": "hv", "color": "black"}
    figure.add_scatter(x=x, y=depths, name="depth", line=line, showlegend=False, row=2, col=1)
    figure.update_yaxes(title="share inside", tickformat=".0%", range=[0, 1.02], row=1, col=1)
    figure.update_yaxes(title="depth of leaf", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(title="trials", row=2, col=1)
    return figure.update_layout(template="plotly_white", title="Region chosen next, over time")


@needing("plotly", "plots")
def plot_hypervolume_history(
    studies: _info.Studies, reference_point: Sequence[float] | None = None
) -> Figure:
    """Plot hypervolume against trials, for one study or several.

    Args:
        studies: a study, several, or name -> study. Feasible trials count.
        reference_point: where hypervolume is measured from, in the studies' directions; by default
            inferred from all trials of all studies together.

    Below the title stands the reference point, to be given to whoever draws another study.

    Raises:
        ValueError: if the directions differ, two of several studies have the same name, or the
            reference point has not one finite value for each direction.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - plotly is an extra

    shown = _info.hypervolumes(studies, reference_point)
    figure = go.Figure()
    for i, curve in enumerate(shown.curves):
        figure.add_scatter(
            x=list(curve.numbers),
            y=curve.hypervolume,
            name=curve.name,
            hovertext=list(curve.texts),
            line={
                "color": COLOURS[i % len(COLOURS)],
                "dash": DASHES[i // len(COLOURS) % len(DASHES)],
                "shape": "hv",
            },
        )
    figure.update_xaxes(title="trial").update_yaxes(title="hypervolume")
    return figure.update_layout(
        template="plotly_white",
        title=f"Hypervolume history<br><sup>{shown.reference}</sup>",
        showlegend=True,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0},
    )


@needing("optuna_dashboard", "dashboard")
def save_to_dashboard(study: Study) -> None:
    """Put the figures into optuna-dashboard, where they stay until they are saved again.

    Raises:
        ModuleNotFoundError: if optuna-dashboard is not installed.
        ValueError: as :func:`plot_partition`.
    """
    from optuna_dashboard import save_plotly_graph_object  # noqa: PLC0415 - it is an extra

    drawn = [plot_partition(study), plot_region_history(study), plot_hypervolume_history(study)]
    names = ["partition", "region-history", "hypervolume"]
    if len(knowledge_of(study).search_space) > 1:
        drawn.append(plot_regions(study))
        names.append("regions")
    for name, figure in zip(names, drawn, strict=True):
        save_plotly_graph_object(study, figure, graph_object_id=f"lamoo-{name}")
