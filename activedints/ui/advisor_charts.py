"""Charts of the Data-set advisor: generated cells, distances of data sets, what the best cells lean to."""

from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.ui.charts import ACCENT, GRID, LINES, MARK, QUIET, Chart, Row, empty_figure

SHADES = [[0.0, ACCENT], [1.0, "#12161B"]]


def generated(advice: Row) -> Chart:
    """Predicted accuracy of every generated cell over its weights; the listed ones with their deviation."""
    cells, every = advice["cells"], advice["all"]
    figure = empty_figure("weights of the cells (thousand)", "predicted accuracy (%)", 340)
    figure.add_scatter(
        x=every["parameters"],
        y=every["predicted"],
        name="generated",
        mode="markers",
        marker={"size": 5, "color": ACCENT, "opacity": 0.45},
        hovertemplate="%{y:.1f} %, %{x:.1f} k weights<extra></extra>",
    )
    figure.add_scatter(
        x=[row["parameters"] for row in cells],
        y=[row["predicted"] for row in cells],
        error_y={"array": [row["deviation"] for row in cells], "color": MARK, "thickness": 1},
        text=[f"rank {row['rank']}: {row['cell']}" for row in cells],
        name="best predicted",
        mode="markers",
        marker={"size": 9, "color": MARK},
        hovertemplate="%{text}<br>%{y:.1f} %<extra></extra>",
    )
    figure.update_layout(showlegend=True)
    return Chart(
        figure,
        f"{len(every['predicted'])} different cells generated for this set; bars: standard deviation of the prediction "
        f"over members and draws of images. Nothing was trained here.",
    )


def leaning(advice: Row) -> Chart:
    """Share of each operation on edges: best tenth against all generated cells."""
    rows = advice["leaning"]["operations"]
    figure = empty_figure("operation", "share of edges (%)", 260)
    for key, name, colour in (("best", "best tenth", MARK), ("all", "all generated", ACCENT)):
        figure.add_bar(
            x=[row["operation"] for row in rows],
            y=[100 * row[key] for row in rows],
            name=name,
            marker_color=colour,
            hovertemplate="%{x}: %{y:.0f} %<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(showlegend=True, barmode="group")
    shape = "; ".join(f"{row['what']} {row['best']:.2f} against {row['all']:.2f}" for row in advice["leaning"]["shape"])
    return Chart(figure, f"What the best predicted tenth ({advice['leaning']['n']} cells) is made of; mean {shape}.")


def distances(found: Row, form: str) -> Chart:
    """Heat map of Fisher distances, families side by side; the column is the target."""
    names = found["names"]
    figure = empty_figure("data set that is served", "data set that the network was trained on", 720)
    figure.add_heatmap(
        x=names,
        y=names,
        z=found[form],
        colorscale=SHADES,
        colorbar={"title": {"text": "distance"}, "thickness": 10},
        hovertemplate="trained on %{y}<br>serves %{x}: %{z:.3f}<extra></extra>",
    )
    families = found["families"]
    for place in (k for k in range(1, len(names)) if families[k] != families[k - 1]):
        figure.add_vline(place - 0.5, line={"color": GRID, "width": 1})
        figure.add_hline(place - 0.5, line={"color": GRID, "width": 1})
    figure.update_yaxes(autorange="reversed")
    return Chart(
        figure,
        f"{form} distance of Fisher information, 0 on the diagonal; bright is near. Lines part families: "
        f"{', '.join(dict.fromkeys(families))}.",
    )


def by_set(details: Row) -> Chart:
    """Held-out Spearman per data set: the advisor's and the baselines'."""
    figure = empty_figure("held-out data set", "Spearman with measured test accuracy", 380)
    kinds = [key for key in details["spearman"] if key != "sets"]
    for kind, colour in zip(kinds, dict.fromkeys((MARK, *LINES))):
        figure.add_scatter(
            x=details["spearman"]["sets"],
            y=details["spearman"][kind],
            name=kind,
            mode="markers",
            marker={"size": 8, "color": colour},
            hovertemplate="%{x}: %{y:.2f}<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(0, line={"color": QUIET, "dash": "dot"})
    above = {"x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}  # below it the names of the sets hang
    figure.update_layout(showlegend=True, legend=above)
    figure.update_xaxes(tickangle=-60)
    means = ", ".join(f"{kind} {np.mean(details['spearman'][kind]):.2f}" for kind in kinds)
    return Chart(figure, f"One dot a data set whose whole family was held out. Means: {means}.")


def preferred(details: Row) -> Chart:
    """Measured Dice of DiNTS networks over how well they agree with the leaning."""
    figure = empty_figure("agreement with the leaning (nats an edge)", "Dice on the cohort's holdout", 340)
    figure.add_scatter(
        x=[row["preference"] for row in details["points"]],
        y=[row["dice"] for row in details["points"]],
        text=[row["architecture"] for row in details["points"]],
        mode="markers",
        marker={"size": 9, "color": MARK},
        hovertemplate="%{text}: %{y:.3f}<extra></extra>",
    )
    return Chart(figure, details["sentence"])


def by_class(pictures: list[Any]) -> npt.NDArray[np.uint8]:
    """Pictures (class, picture, y, x) as a sheet with one column a class."""
    return sheet(np.asarray(pictures).swapaxes(0, 1).tolist())


def sheet(pictures: list[Any], scale: int = 4) -> npt.NDArray[np.uint8]:
    """Rows of pictures (row, picture, y, x) side by side, enlarged, a dark line between them."""
    cells = np.pad(np.asarray(pictures, np.uint8), ((0, 0), (0, 0), (0, 1), (0, 1)))
    rows, columns, height, width = cells.shape
    return cells.transpose(0, 2, 1, 3).reshape(rows * height, columns * width).repeat(scale, 0).repeat(scale, 1)
