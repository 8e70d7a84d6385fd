"""Progress bars on a terminal."""

from types import TracebackType
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
from rich.progress import (
    Progress as RichProgress,
)
from rich.text import Text

from indexer.indexer import Progress


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "–/s")


class _Shown:
    """A bar that is there while its block runs."""

    _bar: RichProgress

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()


class StepsBar(_Shown):
    """Shows how many steps of how many are done, and the time remaining; only on a terminal."""

    def __init__(self, label: str) -> None:
        console = Console(stderr=True)
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(label, total=None)

    def update(self, done: int, total: int) -> None:
        """Show how far it is; a total of 0 is not known yet."""
        self._bar.update(self._task, completed=done, total=total or None)


class Bar(_Shown):
    """Shows how far an indexing run is, its rate, and the time remaining."""

    def __init__(self, label: str) -> None:
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[skipped]} skipped"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(label, total=None, skipped=0)

    def update(self, progress: Progress) -> None:
        """Show a state of the run."""
        self._bar.update(
            self._task,
            completed=progress.done,
            total=progress.total,
            skipped=progress.tally.skipped,
        )
