"""The HTTP shell: pages, health, metrics and the operator's socket."""
