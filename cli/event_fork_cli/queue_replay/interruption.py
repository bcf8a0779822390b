"""Ctrl-C and its relatives while something is switched on that must be switched off again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

# A closed terminal is as good as Ctrl-C. Windows has no SIGHUP.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


class Interruption:
    """In its `with` block the first signal raises KeyboardInterrupt, and none does so after it or after `hold`.

    So what follows cannot be interrupted in its turn; the operator who tries is told. A signal that is ignored when
    the block begins (nohup) stays ignored. In a thread signals never arrive, and nothing is changed.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._held = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hold(self) -> None:
        """From now on nothing is interrupted."""
        self._held = True

    def _arrived(self, _number: int, _frame: FrameType | None) -> None:
        if self._held:
            self._say("switching off, a moment")
            return
        self._held = True
        raise KeyboardInterrupt


class Stop(Interruption):
    """The same without an exception: a signal is only noted, and who works looks at `asked` between two steps."""

    @property
    def asked(self) -> bool:
        """Whether the operator wants to stop."""
        return self._held

    def _arrived(self, _number: int, _frame: FrameType | None) -> None:
        self._say("stopping after the step in hand, a moment")
        self._held = True
