"""The objects on the wire, in the words of OpenAI's API (deploy/decisions and contract sections 2-8)."""
