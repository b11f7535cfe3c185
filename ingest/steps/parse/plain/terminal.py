"""Remove what a terminal obeys and does not show: escape sequences, overstrikes, and lines that were written over."""

import re

# ECMA-48, 5.4: control sequences (ESC [ ... or U+009B), command strings (ESC ] ... to BEL or ESC \\), and short escapes.
_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\\]PX^_][^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\\\|\x9c)?|\x1b[ -/]{1,3}[0-~]|\x1b[0-Z\\\\`-~]"
)
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_NUMBERS = re.compile(r"[\d\s.,;-]+")  # lines of data, which another line end separates


def remove_terminal_codes(text: str) -> str:
    """Return the text as a terminal shows it. Bold and underlined overstrikes become plain letters."""
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPES.sub("", text).replace("\x1b", "")
    if "\x08" in text:
        text = _remove_backspaces(text)
    return text


def remove_progress(text: str) -> str:
    """Keep of a progress bar, whose states are separated by carriage returns, the last state only.

    A state is dropped if it has the same letters as the next one, so that no text is lost where carriage returns mean
    something else. Must run before line ends are normalised.
    """
    return "\n".join(_last_states(line) if "\r" in line else line for line in text.replace("\r\n", "\n").split("\n"))


def _last_states(line: str) -> str:
    states = line.split("\r")
    while len(states) > 1 and not states[-1].strip():
        states.pop()
    letters = [_NOT_LETTERS.sub("", state) for state in states]
    kept = [
        state
        for state, own, following in zip(states, letters, [*letters[1:], None], strict=True)
        if following is None or (state.strip() and (own != following or _NUMBERS.fullmatch(state)))
    ]
    return "\r".join(kept)


def _remove_backspaces(text: str) -> str:
    """Apply backspaces as `col -b` does: the last character written at a place stays, and a blank hides nothing."""
    return "\n".join(_typed(line) if "\x08" in line else line for line in text.split("\n"))


def _typed(line: str) -> str:
    shown: list[str] = []
    place = 0
    for character in line:
        if character == "\x08":
            place = max(0, place - 1)
            continue
        if place == len(shown):
            shown.append(character)
        elif character not in " _":
            shown[place] = character
        place += 1
    return "".join(shown)
