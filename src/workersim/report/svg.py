"""Figures as SVG that lies in a page: short, in the page's colours, with a text for who cannot see it."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

__all__ = ["drawing", "inline"]

_COLOURS = {
    "#0072b2": "var(--blue)",
    "#d55e00": "var(--vermilion)",
    "#009e73": "var(--green)",
    "#56b4e9": "var(--sky)",
    "#e69f00": "var(--orange)",
    "#f0e442": "var(--yellow)",
    "#cc79a7": "var(--purple)",
}
# Greys by how light they are: on a dark page they change places.
_GREYS = ((0x20, "var(--ink)"), (0x80, "var(--grey-dark)"), (0xB8, "var(--grey)"), (0xF8, "var(--grey-light)"))
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"url\(#")
_REFERRED = re.compile(r"url\(#([^)]*)\)|^#(.*)$")
_FONT = re.compile(r"'DejaVu Sans'.*?sans-serif")
_POINT = re.compile(r"([ML]) (-?[0-9.]+) (-?[0-9.]+) *$")
_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")
_STYLED = ("style", "fill", "stroke", "clip-path", "mask", "filter")


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """Draw as matplotlib does by default, whatever somebody has set, so that equal runs look alike."""
    import matplotlib as mpl  # noqa: PLC0415 (only who draws needs it)

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams["svg.hashsalt"] = "workersim"
        mpl.rcParams["svg.fonttype"] = "none"  # text stays text: short, and found by a search
        # The reader's fonts draw the text, and they know more letters than the one that it is measured with.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.* missing from")
        yield


def inline(figure: Figure, *, key: str, alt: str) -> Markup:
    """Return a figure as an element of a page.

    Parameters
    ----------
    figure
        Drawn on within ``drawing``, as this call is.
    key
        What its ids begin with, so that those of several figures in a page differ.
    alt
        What it shows, in a sentence.
    """
    root = ET.fromstring(_drawn(figure))  # noqa: S314  # matplotlib wrote it
    for parent in list(root.iter()):
        for child in list(parent):
            if _name(child.tag) in ("metadata", "style"):
                parent.remove(child)
    referred = {found for element in root.iter() for text in element.attrib.values() for found in _referred(text)}
    for element in root.iter():
        element.tag = _name(element.tag)
        if element.get("id") not in referred:
            element.attrib.pop("id", None)
        element.attrib = {_name(name): _value(_name(name), text, key) for name, text in element.attrib.items()}
        element.tail = None
        if element.tag not in ("text", "tspan"):
            element.text = None
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": alt}
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704  # made of escaped parts


def _drawn(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return text.getvalue()


def _referred(text: str) -> list[str]:
    return [one or other for one, other in _REFERRED.findall(text)]


def _name(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _value(name: str, text: str, key: str) -> str:
    if name == "d":
        return _path(text)
    if name == "id":
        return f"{key}-{text}"
    if name == "href":
        return f"#{key}-{text.removeprefix('#')}"
    if name in _STYLED:
        text = _REFERENCE.sub(f"url(#{key}-", _COLOUR.sub(_variable, text))
        return _FONT.sub("var(--font)", text)
    if name in ("x", "y", "width", "height", "transform"):
        return _NUMBER.sub(lambda number: _short(float(number[0]), 2), text)
    return text


def _variable(colour: re.Match[str]) -> str:
    text = colour[0]
    red, green, blue = (int(text[at : at + 2], 16) for at in (1, 3, 5))
    if red == green == blue:
        return next((name for bound, name in _GREYS if red < bound), "var(--paper)")
    return _COLOURS.get(text, text)


def _path(text: str) -> str:
    """Return a path to a tenth of a point, the straight parts of steps as such."""
    parts: list[str] = []
    x = y = ""
    for line in text.strip().splitlines():
        point = _POINT.fullmatch(line)
        if point is None:
            parts.append(_NUMBER.sub(lambda number: _short(float(number[0]), 2), line.strip()))
            x = y = ""
            continue
        before, (x, y) = (x, y), (_short(float(point[2]), 1), _short(float(point[3]), 1))
        if point[1] == "M" or "" in before:
            parts.append(f"{point[1]}{x} {y}")
        elif before[1] == y and before[0] != x:
            parts.append(f"H{x}")
        elif before[0] == x and before[1] != y:
            parts.append(f"V{y}")
        elif before != (x, y):
            parts.append(f"L{x} {y}")
    return "".join(parts)


def _short(number: float, decimals: int) -> str:
    text = f"{number:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
