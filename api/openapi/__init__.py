"""The OpenAPI document and the pages that show it: what the document adds to FastAPI's own output.

Models belong to api/schemas, and descriptions of operations are the docstrings of api/routes.
"""
