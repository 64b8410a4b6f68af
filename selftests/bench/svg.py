# SPDX-License-Identifier: GPL-2.0-only
"""Plots, as SVG: bars and lines, for the page that report.py writes."""

from xml.sax.saxutils import escape

WIDTH = 720
# Told apart in grey, too.
COLOURS = ("#1f4e79", "#d98032", "#5f9e6e", "#9b5fa8", "#7f7f7f")
FONT = 'font-family="sans-serif" font-size="12"'


def _number(value):
    """A number as it is read most easily."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}".rstrip("0").rstrip(".")


def _text(x, y, text, anchor="start", more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {FONT} '
            f'{more}>{escape(text)}</text>')


def _legend(names, x, y):
    """A line with the name of each series."""
    parts = []
    for number, name in enumerate(names):
        parts.append(f'<rect x="{x:.1f}" y="{y - 9}" width="10" height="10" '
                     f'fill="{COLOURS[number]}"/>')
        parts.append(_text(x + 15, y, name))
        x += 35 + 7 * len(name)
    return parts


def _document(height, title, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">')
    return "\n".join([head, f"<title>{escape(title)}</title>",
                      '<rect width="100%" height="100%" fill="white"/>',
                      _text(10, 20, title, more='font-weight="bold"'),
                      *parts, "</svg>\n"])


def bars(title, names, rows):
    """
    Horizontal bars: rows are (label, values), with one value for each of the
    names, or None.
    """
    left, right, bar, gap = 190, 80, 14, 8
    largest = max(value for _, values in rows for value in values
                  if value is not None)
    scale = (WIDTH - left - right) / largest
    parts = _legend(names, left, 40) if len(names) > 1 else []
    y = 52
    for label, values in rows:
        middle = y + bar * len(names) / 2 + 4
        parts.append(_text(left - 8, middle, label, "end"))
        for number, value in enumerate(values):
            if value is not None:
                length = max(value * scale, 1)
                parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" '
                             f'height="{bar - 2}" fill="{COLOURS[number]}"/>')
                parts.append(_text(left + length + 5, y + bar - 4,
                                   _number(value)))
            y += bar
        y += gap
    return _document(y + 6, title, parts)


def lines(title, series, x_title, y_title):
    """Lines: series are {name: [(x, y), ...]}; y begins at 0."""
    left, right, top, bottom, height = 70, 20, 56, 46, 320
    points = [point for line in series.values() for point in line]
    x_most = max(x for x, _ in points)
    y_most = max(y for _, y in points) * 1.05
    x_scale = (WIDTH - left - right) / x_most
    y_scale = (height - top - bottom) / y_most

    def at(x, y):
        return left + x * x_scale, height - bottom - y * y_scale

    parts = _legend(list(series), left, 40)
    for step in range(5):
        y = y_most * step / 4
        _, place = at(0, y)
        parts.append(f'<line x1="{left}" y1="{place:.1f}" x2="{WIDTH - right}" '
                     f'y2="{place:.1f}" stroke="#dddddd"/>')
        parts.append(_text(left - 6, place + 4, _number(y), "end"))
    for x in sorted({x for x, _ in points}):
        parts.append(_text(at(x, 0)[0], height - bottom + 16, _number(x),
                           "middle"))
    for number, line in enumerate(series.values()):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in
                        (at(*point) for point in line))
        parts.append(f'<polyline points="{path}" fill="none" '
                     f'stroke="{COLOURS[number]}" stroke-width="2"/>')
        for point in line:
            x, y = at(*point)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" '
                         f'fill="{COLOURS[number]}"/>')
    parts.append(_text((left + WIDTH - right) / 2, height - 10, x_title,
                       "middle"))
    parts.append(_text(14, (top + height - bottom) / 2, y_title, "middle",
                       f'transform="rotate(-90 14 {(top + height - bottom) / 2})"'))
    return _document(height, title, parts)
