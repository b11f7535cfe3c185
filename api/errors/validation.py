"""Validation errors of pydantic in the words of OpenAI's API (deploy/docs/api-contract.md section 8)."""

from collections.abc import Mapping, Sequence
from typing import Any

Explanation = tuple[str, str | None, str | None]
"""Message, parameter and code of an error response."""

OWN_CODES = ("invalid_type", "invalid_value", "missing_required_parameter")
"""Types of the PydanticCustomErrors of api/schemas; they are the code of the response already."""

FILE_FIELDS = ("file", "data")
"""Form fields that are files."""

_BOUNDS = {
    "greater_than_equal": ("below_min", ">=", "ge"),
    "greater_than": ("below_min", ">", "gt"),
    "less_than_equal": ("above_max", "<=", "le"),
    "less_than": ("above_max", "<", "lt"),
}


def explain_first_error(errors: Sequence[Any], body: Any) -> Explanation:
    """Explain the most specific of pydantic's errors about a request.

    For one wrong value, each member of a union reports an error of its own. The error with the longest path is the most
    specific one; of two, the one that accepts the type of the value.
    """
    return explain_error(max(errors, key=lambda error: (error["type"] == "extra_forbidden", _depth(error, body))), body)


def explain_error(error: Any, body: Any = None) -> Explanation:
    """Explain one of pydantic's errors about a request with this body."""
    kind, context, value = error["type"], error.get("ctx") or {}, error.get("input")
    param = _param(error["loc"], kind, body)
    if kind in OWN_CODES:
        return error["msg"], context.get("param", param), kind
    if param is None:
        return _explain_whole_request(error, body)
    if kind == "missing":
        return f"Missing required parameter: '{param}'.", param, "missing_required_parameter"
    if kind == "extra_forbidden":
        return f"Unknown parameter: '{param}'.", param, "unknown_parameter"
    if kind in _BOUNDS:
        return _explain_bound(kind, param, context, value)
    if kind in ("string_too_long", "too_long", "string_too_short", "too_short"):
        return _explain_length(kind, param, context, value)
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        expected = context.get("expected") or context.get("expected_tags")
        actual = context.get("tag") or (value if isinstance(value, (str, int, float)) else type(value).__name__)
        return f"Invalid value: '{actual}'. Supported values are: {expected}.", param, "invalid_value"
    if kind == "union_tag_not_found":
        return f"Missing required parameter: '{param}.type'.", f"{param}.type", "missing_required_parameter"
    if kind == "value_error" and param in FILE_FIELDS and isinstance(value, str):
        return f"Invalid type for '{param}': expected a file with a name.", param, "invalid_type"
    if kind in ("int_parsing_size", "finite_number"):
        return f"Invalid '{param}': the number is too large.", param, "invalid_value"
    if kind in ("value_error", "assertion_error"):
        return f"Invalid '{param}': {_reason(error)}.", param, "invalid_value"
    if kind == "string_unicode":
        return f"Invalid '{param}': text must be valid Unicode.", param, "invalid_value"
    if kind.endswith(("_type", "_parsing", "_from_float")):
        expected = error["msg"].removeprefix("Input should be ").split(",")[0]
        expected = expected.replace("a valid dictionary or object to extract fields from", "an object")
        return f"Invalid type for '{param}': expected {expected}.", param, "invalid_type"
    return f"Invalid '{param}': {error['msg']}.", param, "invalid_value"


def _explain_whole_request(error: Any, body: Any) -> Explanation:
    """Explain an error that names no parameter."""
    kind, source = error["type"], (error["loc"] or ("body",))[0]
    if kind == "json_invalid" or isinstance(error.get("input"), bytes):
        return "We could not parse the JSON body of your request. Send JSON as application/json.", None, None
    if source == "body" and not isinstance(body, Mapping):
        return "Invalid body: expected a JSON object.", None, "invalid_type"
    return f"Invalid {'body' if source == 'body' else 'request'}: {_reason(error)}.", None, "invalid_value"


def _reason(error: Any) -> str:
    return str((error.get("ctx") or {}).get("error", error["msg"])).removesuffix(".")


def _explain_bound(kind: str, param: str, context: dict[str, Any], value: Any) -> Explanation:
    side, sign, key = _BOUNDS[kind]
    bound = context.get(key)
    number = "integer" if isinstance(bound, int) else "decimal"
    noun, direction = ("minimum", "below") if side == "below_min" else ("maximum", "above")
    message = (
        f"Invalid '{param}': {number} {direction} {noun} value. "
        f"Expected a value {sign} {bound}, but got {value} instead."
    )
    return message, param, f"{number}_{side}_value"


def _explain_length(kind: str, param: str, context: dict[str, Any], value: Any) -> Explanation:
    is_string = kind.startswith("string") or isinstance(value, str)
    noun = "string" if is_string else "object" if isinstance(value, dict) else "array"
    is_too_long = kind.endswith("long")
    bound = context.get("max_length") if is_too_long else context.get("min_length")
    actual = context.get("actual_length") or (len(value) if hasattr(value, "__len__") else 0)
    if not is_too_long and noun == "array" and not actual:
        return f"Invalid '{param}': empty array. Expected an array with minimum length {bound}.", param, "empty_array"
    fault, limit, code = ("too long", "maximum", "above_max") if is_too_long else ("too short", "minimum", "below_min")
    unit = "properties" if noun == "object" else "length"
    noun_with_article = f"{'a' if is_string else 'an'} {noun}"
    message = (
        f"Invalid '{param}': {noun} {fault}. Expected {noun_with_article} with {limit} length {bound}, "
        f"but got {noun_with_article} with length {actual} instead."
    )
    return message, param, f"{noun}_{code}_{unit}"


def _depth(error: Any, body: Any) -> tuple[int, bool]:
    return len(_path(error["loc"], error["type"], body)), not error["type"].endswith("_type")


def _param(location: tuple[Any, ...], kind: str, body: Any) -> str | None:
    """Return the place in the request, such as `files[3].attributes`."""
    steps, param = _path(location, kind, body), ""
    for position, step in enumerate(steps):
        param += f"[{step}]" if isinstance(step, int) else f".{step}" if position else str(step)
    return param if steps else None


def _path(location: tuple[Any, ...], kind: str, body: Any) -> list[Any]:
    """Return the steps of pydantic's location that exist in the body: it inserts the names of a union's members."""
    source, *steps = location or ("",)
    if source != "body":
        return steps if source in ("query", "path", "header") else list(location)
    path = []
    for position, step in enumerate(steps):
        is_in_body = step in body if isinstance(body, Mapping) else isinstance(body, list) and step in range(len(body))
        if is_in_body:
            body = body[step]
        elif kind != "missing" or position < len(steps) - 1:
            continue
        path.append(step)
    return path
