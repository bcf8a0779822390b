"""The report as one HTML page: no script, no address outside, light and dark, wide and narrow."""

from collections.abc import Iterable, Sequence
from html import escape

from event_fork_cli.moments import shown_duration
from event_fork_cli.output import visible
from event_fork_cli.reports import charts
from event_fork_cli.reports.collecting import ForkReport, ReplayReport, Report
from event_fork_cli.reports.rows import Row, fork_rows, of_numbers, replay_rows, shown, title_of, topic_rows, type_rows

_STYLE = """
:root{color-scheme:light dark;--back:#fff;--text:#1f2937;--quiet:#6b7280;--line:#e5e7eb}
@media(prefers-color-scheme:dark){:root{--back:#111827;--text:#e5e7eb;--quiet:#9ca3af;--line:#374151}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:72rem;background:var(--back);color:var(--text);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0 0 .25rem}
p{margin:.25rem 0;color:var(--quiet)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:1rem;margin:1rem 0}
figure{margin:0;padding:.75rem;border:1px solid var(--line);border-radius:.5rem;min-width:0}
svg{display:block;width:100%;height:auto;max-width:36rem}
.wide{overflow-x:auto;overflow-wrap:normal}
table{border-collapse:collapse;width:100%}
th,td{padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LAG = ("oldest message", "delivery")


def page(report: Report) -> str:
    """The whole page. Raises FailedError where the package that draws is missing."""
    heading = title_of(report)
    parts = [
        f"<h1>{_text(heading)}</h1>",
        f"<p>{_text(report.topic.arn)}</p>",
        f"<p>{report.start:%Y-%m-%d %H:%M} to {report.end:%Y-%m-%d %H:%M} UTC, "
        f"{shown_duration(report.end - report.start)}. Made {report.made:%Y-%m-%d %H:%M} UTC.</p>",
        *_topic(report),
        *_forks(report),
        *_types(report),
        *_replays(report.replays),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{_text(heading)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _topic(report: Report) -> Iterable[str]:
    yield "<h2>Topic</h2>"
    yield _table(topic_rows(report.topic))
    if report.topic.hours:
        chart = charts.lines(report.topic.hours, "events an hour")
        yield f'<div class="charts">{_figure("What SNS counted", chart)}</div>'


def _forks(report: Report) -> Iterable[str]:
    yield "<h2>Forks</h2>"
    yield _table(fork_rows(report.forks))
    figures = [figure for fork in report.forks for figure in _of_fork(fork)]
    yield f'<div class="charts">{"".join(figures)}</div>'


def _of_fork(fork: ForkReport) -> Iterable[str]:
    counts = {name: points for name, points in fork.hours.items() if name not in _LAG}
    lag = {name: fork.hours[name] for name in _LAG if name in fork.hours}
    if counts:
        yield _figure(f"{fork.name}: events", charts.lines(counts, "an hour"))
    if lag:
        yield _figure(f"{fork.name}: lag", charts.lines(lag, "seconds"))


def _types(report: Report) -> Iterable[str]:
    if report.archive is None:
        return
    yield "<h2>Types</h2>"
    yield f"<p>Read from {_text(report.archive)}.</p>"
    if report.types:
        chart = charts.bars(report.types, "events an hour")
        yield f'<div class="charts">{_figure("Events by type and hour", chart)}</div>'
    yield _table(type_rows(report))


def _replays(replays: list[ReplayReport]) -> Iterable[str]:
    yield "<h2>Replays</h2>"
    yield _table(replay_rows(replays)) if replays else "<p>None.</p>"


def _figure(title: str, svg: str) -> str:
    return f"<figure><h3>{_text(title)}</h3>{svg}</figure>"


def _table(rows: Sequence[Row]) -> str:
    head, *body = rows
    numbers = of_numbers(rows)

    def line(row: Row, tag: str) -> str:
        cells = (
            f"<{tag}{' class=n' if number else ''}>{_text(shown(cell))}</{tag}>"
            for cell, number in zip(row, numbers, strict=True)
        )
        return f"<tr>{''.join(cells)}</tr>"

    return f'<div class="wide"><table>{line(head, "th")}{"".join(line(row, "td") for row in body)}</table></div>'


def _text(text: str) -> str:
    """By the rule of the terminal, and then HTML's."""
    return escape(visible(text))
