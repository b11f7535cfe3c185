"""Settings that are lists, written with commas."""


def split_commas(text: str) -> list[str]:
    """Return the parts of a setting, without spaces around them and without empty ones."""
    return [part.strip() for part in text.split(",") if part.strip()]
