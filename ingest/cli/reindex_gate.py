"""The gate of a re-index on the terminal: wait for its verdict, and print it."""

import time
from typing import Any

import openai
from rich.console import Console

from ingest.cli.output import print_line, print_to_stderr
from ingest.cli.store_batches import POLL_SECONDS


def wait_for_gate(client: openai.OpenAI, path: str, *, quiet: bool) -> bool:
    """Wait until the gate of a store has a verdict, print it unless `quiet`, and return whether the store may cut over.

    `path` is that of the store's re-index. A store without a gate may.
    """
    shown = None
    while True:
        models = client.get(path, cast_to=dict[str, Any])
        gate = models["gate"]
        if gate is None or gate["state"] != "waiting":
            break
        if gate["reason"] not in (None, shown):
            print_to_stderr(shown := gate["reason"])
        time.sleep(POLL_SECONDS)
    if gate is not None and not quiet:
        print_gate(gate, models)
    return gate is None or gate["state"] != "failed"


def print_gate(gate: dict[str, Any], models: dict[str, Any]) -> None:
    """Print the verdict of a gate, and what can be done after a failure."""
    console, counts = Console(), ""
    if gate["metric"] is not None:
        counts = f": {gate['metric']} {gate['current']:.4f} -> {gate['staged']:.4f}"
        counts += f" ({gate['better']:,} queries better, {gate['worse']:,} worse)"
    print_line(console, f"the gate {'is' if gate['state'] == 'overridden' else 'has'} {gate['state']}{counts}")
    if gate["reason"]:
        print_line(console, gate["reason"])
    for each in gate["worse_queries"] if gate["state"] == "failed" else []:
        print_line(console, f"  {each['current']:.2f} -> {each['staged']:.2f}  {each['query']}")
    for name in gate["missing_files"]:
        print_line(console, f"  not in the store: {name}")
    if gate["state"] == "failed":
        model, other = models["model"], models["other_model"]
        print_line(console, f"The store stays with model '{model}'. Cut over anyway with --model {other} --force,")
        print_line(console, "or delete the new index with --purge.")
