"""MathML as one line of text: E=mc², (a+b)/2, √(x), ∑ᵢ₌₁ⁿ."""

from typing import Any

from ingest.steps.parse.formats.scripts import subscript, superscript

_MAX_DEPTH = 60
_INVISIBLE = dict.fromkeys(map(ord, "\u2061\u2062\u2063\u2064"))  # function application and invisible operators
_SKIPPED = frozenset(["annotation", "annotation-xml", "mphantom", "none", "mprescripts", "maligngroup", "malignmark"])


def math_to_text(math: Any) -> str:
    """Return a formula as text, or its alternative text if it has no elements that can be read."""
    text = " ".join(_write(math, 0).translate(_INVISIBLE).split())
    return text or " ".join((math.get("alttext") or "").split())


def _write(element: Any, depth: int) -> str:
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    tag = tag.rpartition("}")[2].rpartition(":")[2]
    if tag in _SKIPPED:
        return ""
    if tag == "mspace":
        return " "
    if not len(element):
        return " ".join((element.text or "").split()) if tag != "mtext" else (element.text or "")
    if depth > _MAX_DEPTH:
        return "".join(element.itertext())
    parts = [_write(child, depth + 1) for child in element]
    if tag in ("semantics", "maction"):
        return parts[0]
    return _combine(tag, element, parts)


def _combine(tag: str, element: Any, parts: list[str]) -> str:
    match tag, parts:
        case "mfrac", [numerator, denominator]:
            return f"{_group(numerator)}/{_group(denominator)}"
        case "msqrt", _:
            return f"√{_group(''.join(parts))}"
        case "mroot", [base, index]:
            return f"{_raise(index)}√{_group(base)}"
        case (("msup" | "mover"), [base, above]):
            return f"{base}{_raise(above)}"
        case (("msub" | "munder"), [base, below]):
            return f"{base}{_lower(below)}"
        case (("msubsup" | "munderover"), [base, below, above]):
            return f"{base}{_lower(below)}{_raise(above)}"
        case "mtable", _:
            return f"[{'; '.join(parts)}]"
        case (("mtr" | "mlabeledtr"), _):
            return ", ".join(parts)
        case "mfenced", _:
            separator = (element.get("separators", ",").strip() or "")[:1]
            return f"{element.get('open', '(')}{separator.join(parts)}{element.get('close', ')')}"
        case _:
            return (element.text or "").strip() + "".join(parts)


def _group(text: str) -> str:
    """Return an operand in parentheses unless it is a single number or name."""
    return text if text.isalnum() or (text.startswith("(") and text.endswith(")")) else f"({text})"


def _raise(text: str) -> str:
    text = "".join(text.split())
    written = superscript(text)
    return _mark(text, "^") if written == text and _needs_mark(text) else written


def _lower(text: str) -> str:
    text = "".join(text.split())
    written = subscript(text)
    return _mark(text, "_") if written == text and _needs_mark(text) else written


def _needs_mark(text: str) -> bool:
    return any(map(str.isalnum, text))


def _mark(text: str, sign: str) -> str:
    return f"{sign}{text}" if text.isalnum() else f"{sign}({text})"
