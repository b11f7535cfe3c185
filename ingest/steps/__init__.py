"""The steps that turn a file into searchable points: parse, chunk, count terms, embed, index.

A step knows its input and output and no database row, lease or HTTP request. `parse`, `bm25` and `index` do not import
each other; `ingest/jobs/pipeline.py` calls the steps in order. Rewriting of queries and the models that rerank passages are
here too, as the steps before and after a search.
"""
