"""The Sync product: rules over documents, lists, maps and streams."""
