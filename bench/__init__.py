"""What the server costs: one module per question, each with its own load. See README.md."""
