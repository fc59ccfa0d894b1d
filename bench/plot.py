"""A picture of the figures: horizontal bars, a panel for each question and app, as SVG."""

from html import escape

PANELS = {"install": "artefact to first answer, s", "one_line": "rebuild after one line, s", "bytes": "artefact, MB"}
SCALES = {"bytes": 1e-6}
LIMITS = {"install": "install", "one_line": "copy"}
WIDTH, LABEL, BAR, LINE, GAP = 360, 150, 130, 20, 46
COLOURS = {"offline-flask": "#2a6f97", "limit": "#b8b8b8"}
OTHER = "#d98f4e"
STYLE = "text { font: 12px sans-serif; fill: #222 } .title { font-weight: bold }"


def picture(results: dict, titles: dict[str, str]) -> str:
    """The SVG: a row of panels for each app."""
    rows, top = [], 10
    for app, title in titles.items():
        if app in results["apps"]:
            figures = results["apps"][app]
            rows.append(app_row(figures, title, top))
            top += GAP + LINE * (len(figures["contenders"]) + 2)
    width = WIDTH * len(PANELS)
    size = f'width="{width}" height="{top}" viewBox="0 0 {width} {top}"'
    background = f'<rect width="{width}" height="{top}" fill="#fff"/>\n'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n{background}{"".join(rows)}</svg>\n'
    )


def app_row(figures: dict, title: str, top: int) -> str:
    """All panels of one app."""
    parts = [text(8, top + 14, title, "title")]
    for number, (key, name) in enumerate(PANELS.items()):
        left = number * WIDTH
        parts.append(text(left + 8, top + 34, name))
        parts += bars(values(figures, key), left, top + GAP)
    return "".join(parts)


def values(figures: dict, key: str) -> dict[str, float]:
    """The best figure of each contender, and of the limit if there is one."""
    scale = SCALES.get(key, 1)
    found = {name: min(one[key]) * scale for name, one in figures["contenders"].items()}
    if key in LIMITS:
        found["limit"] = min(figures["limits"][LIMITS[key]])
    return found


def bars(found: dict[str, float], left: int, top: int) -> list[str]:
    """A bar each. What is much longer than the rest is cut off, which its number shows."""
    longest = longest_shown(list(found.values()))
    parts = []
    for number, (name, value) in enumerate(found.items()):
        y = top + number * LINE
        width = max(1, round(BAR * min(value / longest, 1)))
        colour = COLOURS.get(name, OTHER)
        parts.append(text(left + LABEL - 6, y + 13, name, anchor="end"))
        parts.append(f'<rect x="{left + LABEL}" y="{y + 2}" width="{width}" height="{LINE - 6}" fill="{colour}"/>\n')
        cut = " (cut off)" if value > longest else ""
        parts.append(text(left + LABEL + width + 4, y + 13, f"{value:.2f}{cut}"))
    return parts


def longest_shown(found: list[float]) -> float:
    """The greatest value, unless it is far beyond the second greatest."""
    *_, second, greatest = sorted(found)
    return greatest if greatest <= 8 * second else second


def text(x: int, y: int, content: str, kind: str = "", anchor: str = "start") -> str:
    """One line of text."""
    name = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{name}>{escape(content)}</text>\n'
