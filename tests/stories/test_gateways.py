"""Libraries that stand on the openai client, unmodified: LiteLLM, LangChain and LlamaIndex."""

from tests.stories.client_scripts import SCRIPTS, require_installed, run_checks
from tests.stories.running import Service

CHECKS = {
    "litellm_creates_attaches_lists_and_reads",
    "litellm_searches_as_openai",
    "litellm_searches_as_pg_vector",
    "litellm_embeds",
    "langchain_embeds",
    "llama_index_embeds",
}


def test_gateways_work_unchanged(service: Service) -> None:
    home = require_installed("python-3.57.0")

    checks = run_checks([str(home / "bin" / "python"), str(SCRIPTS / "gateways.py")], service)

    failures = [f"{check['check']}: {check['error']}" for check in checks if check["error"]]
    assert not failures, "\n".join(failures)
    assert {check["check"] for check in checks} == CHECKS
