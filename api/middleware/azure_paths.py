"""The paths of clients for Azure: `/openai/...` and `/openai/v1/...` are `/v1/...`.

`AzureOpenAI(azure_endpoint=URL)` sends its requests there. `api-version` is ignored. The name of a deployment in the path
of embeddings is the name of the model, which the body has as well.
"""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = re.compile(r"/openai/(?:v1/)?(?:deployments/[^/]+/(?=embeddings$))?")


class AzurePathsMiddleware:
    """Rewrites the path of a request before anything else reads it."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (prefix := _PREFIX.match(scope["path"])):
            path = "/v1/" + scope["path"][prefix.end() :]
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._inner(scope, receive, send)
