"""The Sync product: documents, lists, maps and streams as rules over a transaction (`protocol/sync.md`).

A rule takes a `Tx`, the `Actor` who asks and checked values, and returns the rows it touched; it raises
`ApiError` and emits `Event`. Text of requests is turned into checked values by `data` and `params`, the
bodies of replies are written by the API, since its two faces differ.
"""
