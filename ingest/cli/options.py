"""Options that several commands share."""

from typing import Annotated

import typer

BaseUrl = Annotated[str, typer.Option(envvar="OPENAI_BASE_URL", help="The service's URL.")]
ApiKey = Annotated[
    str,
    typer.Option(
        envvar=["INGEST_API_KEY", "OPENAI_API_KEY"], help="The key, if the service wants one.", show_envvar=True
    ),
]
