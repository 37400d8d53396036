"""What a server costs: a load, and one module for each question it can answer (`questions.py`)."""
