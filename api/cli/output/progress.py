"""Progress bars on a terminal."""

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from indexer.indexer import Progress


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "–/s")


def rich_bar(*columns: ProgressColumn) -> RichProgress:
    """Return a bar of a description, how many of how many, and further columns."""
    console = Console(stderr=True)
    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class _Shown:
    """A bar that is there while its block runs, on a terminal."""

    def __init__(self, bar: RichProgress) -> None:
        self._bar = bar

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.stop()


class StepsBar(_Shown):
    """Shows how many steps of how many are done, and the time remaining."""

    def __init__(self, label: str) -> None:
        super().__init__(rich_bar(TimeRemainingColumn()))
        self._task = self._bar.add_task(label, total=None)

    def update(self, done: int, total: int) -> None:
        """Show how far it is; a total of 0 is not known yet."""
        self._bar.update(self._task, completed=done, total=total or None)


class Bar(_Shown):
    """Shows how far an indexing run is, its rate, and the time remaining."""

    def __init__(self, label: str) -> None:
        skipped = TextColumn("{task.fields[skipped]} skipped")
        super().__init__(rich_bar(_Rate(), TimeRemainingColumn(), skipped))
        self._task = self._bar.add_task(label, total=None, skipped=0)

    def update(self, progress: Progress) -> None:
        """Show a state of the run."""
        self._bar.update(
            self._task,
            completed=progress.done,
            total=progress.total,
            skipped=progress.tally.skipped,
        )
