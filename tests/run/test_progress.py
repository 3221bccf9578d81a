import io
import sys

from skyfold.run.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_pipe_stays_quiet(capsys):
    with progress_bar("observations") as progress:
        assert progress is None
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("observations") as progress:
        progress(2, 4)
    assert "observations" in terminal.getvalue()
    assert "2/4" in terminal.getvalue()
