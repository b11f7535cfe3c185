"""Error responses of the API in OpenAI's envelope (deploy/docs/api-contract.md section 8).

`responses` builds the JSON responses, `handlers` maps exceptions to them, and `validation` words pydantic's complaints.
The exceptions themselves belong to ingest/errors.py, and the documentation of error responses to api/openapi/errors.py.
"""
