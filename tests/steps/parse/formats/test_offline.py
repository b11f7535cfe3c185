"""The names inside unstructured on which offline parsing rests; these tests fail when a new version moves them."""

import subprocess
import sys


def test_unstructured_asks_our_pipeline_and_not_the_network() -> None:
    # In a process of its own: importing unstructured takes 170 MB and seconds.
    program = """
import socket
def refuse(*_, **__): raise AssertionError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refuse
from ingest.steps.parse.formats import offline
offline.prepare()
from unstructured.nlp import tokenize
from unstructured.partition.text_type import is_possible_narrative_text
assert tokenize.sent_tokenize("One. Two.") == ["One.", "Two."], tokenize.sent_tokenize("One. Two.")
is_possible_narrative_text("This is a sentence that somebody wrote. And here is another one, of many words.")
print("offline")
"""

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert run.stdout.strip() == "offline", run.stderr
