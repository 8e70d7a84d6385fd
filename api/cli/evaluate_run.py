"""What ``binocle eval`` does: pairs, labelled folders or a collection, and what the figures are."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from api.cli.output.tables import print_rich_table
from api.container import Container
from api.terminal import say
from binocle.encoders import colour
from binocle.errors import StorageError, UsageError
from evaluation.pairs import read_pairs
from evaluation.plots import check_plot_path, draw
from evaluation.reports import json_of, markdown_of, sentences_of, tables_of
from evaluation.results import Evaluation
from evaluation.runs import Run, run_collection, run_labels, run_pairs
from evaluation.zeroshot import read_labels
from indexer.indexer import Progress
from indexer.records import Tally
from indexer.sources.table import ColumnRoles
from search.labels.zero_shot import TEMPLATES

_MODELS_AT_ONCE = 2
_STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class EvaluationQuestion:
    """What is to be measured, as the command line says it.

    Attributes:
        pairs: A table of pictures and texts.
        labels: A folder whose subfolders are labels.
        columns: What the table's columns mean.
        models: One name, or two to compare; none for the default.
        collection: Ask this collection instead of embedding the table's pictures.
        templates: Sentences for labels; none for the usual ones.
        resamples: Bootstrap draws.
        seed: Of the draws.
    """

    pairs: Path | None
    labels: Path | None
    columns: ColumnRoles
    models: tuple[str, ...]
    collection: str | None
    templates: tuple[str, ...]
    resamples: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        if (self.pairs is None) == (self.labels is None):
            raise UsageError("name a table of pairs, or a folder with --labels FOLDER")
        if len(self.models) > _MODELS_AT_ONCE:
            raise UsageError(
                f"{len(self.models)} models are more than the {_MODELS_AT_ONCE} that can be "
                "compared at once"
            )
        if len(set(self.models)) < len(self.models):
            raise UsageError(f"--model {self.models[0]} is there twice; compare different models")
        if self.collection is not None and self.models:
            raise UsageError(
                "a collection is asked with its own model; leave out --model, or -c to compare"
            )
        if self.collection is not None and self.labels is not None:
            raise UsageError("--labels measures a model, not a collection; leave out -c")
        if self.templates and self.labels is None:
            raise UsageError("--template is for --labels")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the figures go besides the terminal; ``-`` for JSON on the standard output."""

    json: Path | None = None
    markdown: Path | None = None
    plot: Path | None = None

    def check(self) -> None:
        """Refuse what cannot be written, before any work is done.

        Raises:
            UsageError: A folder is missing, or the plot's ending cannot be drawn.
        """
        for path in (self.json, self.markdown):
            if path not in (None, _STDOUT) and not path.expanduser().parent.is_dir():
                raise UsageError(f"there is no folder {path.parent} to write {path.name} to")
        if self.plot is not None:
            check_plot_path(self.plot)


def measure(container: Container, question: EvaluationQuestion, outputs: Outputs) -> None:
    """Measure, print, and write the files asked for.

    Raises:
        UsageError: The question does not make sense, or a file cannot be written there.
        SourceError: There is nothing to measure on.
        ModelError: A model cannot be had.
        NotFoundError: There is no such collection.
    """
    outputs.check()
    evaluation = _evaluation(container, question)
    if outputs.json == _STDOUT:
        say(json.dumps(json_of(evaluation), ensure_ascii=False, indent=2))
    else:
        _print(evaluation)
        if outputs.json is not None:
            text = json.dumps(json_of(evaluation), ensure_ascii=False, indent=2) + "\n"
            _write(outputs.json, text)
    if outputs.markdown is not None:
        _write(outputs.markdown, markdown_of(evaluation))
    if outputs.plot is not None:
        draw(evaluation, outputs.plot)


def _evaluation(container: Container, question: EvaluationQuestion) -> Evaluation:
    names = question.models or (container.default_model,)
    loaders = {name: partial(container.encoder, name) for name in names}
    with (
        container.decoders() as decoders,
        _listener((question.labels or question.pairs or _STDOUT).name) as on_progress,
    ):
        run = Run(decoders, question.resamples, question.seed, on_progress)
        if question.labels is not None:
            labelled = read_labels(question.labels)
            evaluation = run_labels(labelled, loaders, run, question.templates or TEMPLATES)
        else:
            assert question.pairs is not None
            pairs = read_pairs(question.pairs, question.columns)
            if question.collection is None:
                evaluation = run_pairs(pairs, loaders, run)
            else:
                with container.open_collection(question.collection) as opened:
                    space = opened.space
                    encoder = container.encoder(space.name if space else container.default_model)
                    searcher = container.searcher(opened)
                    evaluation = run_collection(opened, searcher, encoder, pairs, run)
    if any(one.model == colour.NAME for one in evaluation.results):
        note = f"the model {colour.NAME!r} knows colours only ('binocle models' lists others)"
        return replace(evaluation, notes=(*evaluation.notes, note))
    return evaluation


@contextmanager
def _listener(label: str) -> Iterator[Callable[[int, int, int], None]]:
    """Show a bar to a person, and nothing to a program."""
    if not sys.stderr.isatty():
        yield lambda _done, _total, _skipped: None
        return
    from api.cli.output.progress import Bar

    with Bar(label) as bar:
        yield lambda done, total, skipped: bar.update(Progress(done, total, Tally(skipped=skipped)))


def _print(evaluation: Evaluation) -> None:
    for table in tables_of(evaluation):
        if sys.stdout.isatty():
            say(table.title, bold=True)
            print_rich_table(table.header, table.rows, are_figures=True)
        else:
            lines = ("\t".join(row) for row in (table.header, *table.rows))
            say("\n".join([table.title, *lines, ""]))
    for result in evaluation.results:
        say(f"{result.model}: {result.runs_on}, {result.seconds:.1f} s")
    for sentence in sentences_of(evaluation):
        say(f"Note: {sentence}", err=True)


def _write(path: Path, text: str) -> None:
    try:
        path.expanduser().write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {path} ({error.strerror})") from error
