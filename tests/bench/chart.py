"""Draw a chart of an import as SVG: files/s and resident memory of each process group over time."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from tests.bench.importing import Import, Sample

_WIDTH, _HEIGHT, _LEFT, _TOP = 860, 230, 70, 50
_COLOURS = {"files": "#1b6ca8", "worker": "#c1440e", "api": "#5b8c2a", "vectors": "#7a4fa3", "broker": "#b8860b"}
_WINDOWS = 60


def draw(done: Import, path: Path) -> None:
    """Write the chart."""
    rates = [_rate(a, b) for a, b in pairwise(_thinned(done.samples))]
    parts: list[str] = [part for part in ("worker", "vectors", "api", "broker") if part in done.samples[-1].rss_bytes]
    top = _panel(f"files/s ({done.files:,} files, {done.files_per_second:.0f} files/s overall)", 0, {"files": rates})
    memory = {part: [(s.seconds, s.rss_bytes.get(part, 0) / 2**20) for s in done.samples] for part in parts}
    bottom = _panel("resident memory, MiB", _HEIGHT + 2 * _TOP, memory)
    size = f'width="{_WIDTH + _LEFT + 40}" height="{2 * _HEIGHT + 4 * _TOP}"'
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{top}{bottom}</svg>\n'
    )


def _thinned(samples: Sequence[Sample]) -> list[Sample]:
    step = max(1, len(samples) // _WINDOWS)
    return [*samples[:-1:step], samples[-1]]


def _rate(before: Sample, after: Sample) -> tuple[float, float]:
    return after.seconds, (after.completed - before.completed) / max(1e-6, after.seconds - before.seconds)


def _panel(title: str, offset: int, lines: dict[str, list[tuple[float, float]]]) -> str:
    last = max(x for line in lines.values() for x, _ in line)
    most = max(1.0, *(y for line in lines.values() for _, y in line)) * 1.1
    top = offset + _TOP

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + x / last * _WIDTH, top + _HEIGHT - y / most * _HEIGHT

    drawn = [f'<text x="{_LEFT}" y="{top - 22}" font-size="14">{title}</text>\n', *_axes(place, last, most)]
    for number, (name, line) in enumerate(lines.items()):
        points = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in line)
        colour = _COLOURS[name]
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>\n')
        drawn.append(f'<text x="{_LEFT + 90 * number}" y="{top - 6}" fill="{colour}">{name}</text>\n')
    return "".join(drawn)


def _axes(place: Callable[[float, float], tuple[float, float]], last: float, most: float) -> list[str]:
    drawn = []
    for i in range(6):
        left, y = place(0, most * i / 5)
        right, bottom = place(last, 0)
        x = left + (right - left) * i / 5
        drawn.append(f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>\n')
        drawn.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{most * i / 5:.0f}</text>\n')
        drawn.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{last * i / 5:.0f} s</text>\n')
    return drawn
