"""``binocle eval``: its options."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from api.cli.options import (
    PATH,
    engine_options,
    open_container,
    options,
    shared,
    table_options,
    templates_option,
)


@click.command("eval")
@click.argument("pairs", metavar="[PAIRS]", required=False, type=PATH)
@options(
    click.option("--labels", metavar="FOLDER", type=PATH,
                 help="Measure labelling instead: each subfolder is a label."),
    click.option("--model", "models", multiple=True, metavar="MODEL",
                 help="What to measure; given twice, two models are compared."),
    click.option("-c", "--collection", metavar="NAME",
                 help="Measure search in this collection, with its own model."),
    table_options,
    templates_option("For labels, such"),
    click.option("--resamples", default=1000, show_default=True, type=click.IntRange(1, 100_000),
                 metavar="N", help="Bootstrap draws for the confidence intervals."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), metavar="N",
                 help="Of the draws."),
    click.option("--json", "json_path", metavar="FILE", type=PATH,
                 help="Write all figures there; - prints them instead of tables."),
    click.option("--markdown", "markdown_path", metavar="FILE", type=PATH,
                 help="Write the tables there."),
    click.option("--plot", "plot_path", metavar="FILE", type=PATH,
                 help="Draw recall over k there (.png, .svg, .pdf)."),
)  # fmt: skip
@engine_options
@shared
def evaluate(
    image_column: str | None,
    text_columns: Sequence[str],
    image_root: Path | None,
    json_path: Path | None,
    markdown_path: Path | None,
    plot_path: Path | None,
    device: str | None,
    precision: str | None,
    **asked: Any,
) -> None:
    """Measure how well texts find their pictures, and pictures their texts.

    PAIRS is a table (CSV, TSV, JSONL, Parquet) with a column of pictures and one of texts; rows
    with the same picture are several texts of it.

    \b
    binocle eval captions.csv --model ViT-B-32/datacomp_xl_s13b_b90k
    binocle eval captions.csv --model colour --model ./tuned --plot recall.png
    binocle eval captions.csv -c photos
    binocle eval --labels caltech101
    """
    from api.cli.evaluate_run import EvaluationQuestion, Outputs, measure
    from indexer.sources.table import ColumnRoles

    columns = ColumnRoles(None, image_column, tuple(text_columns), image_root)
    question = EvaluationQuestion(columns=columns, **asked)
    container = open_container(device=device, precision=precision)
    measure(container, question, Outputs(json_path, markdown_path, plot_path))
