"""A data directory: what lies in it, who owns it, and what a process opens of it first."""
