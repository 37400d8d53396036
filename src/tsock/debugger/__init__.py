"""The debugger: what went wrong, as Alerts that developers find by account, code and time."""
