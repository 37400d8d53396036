"""Why a server of others did not answer."""


class Unreachable(Exception):
    """There is no connection to the target, or it ended without an answer."""

    def __init__(self, code: int, text: str, *, is_final: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.is_final = is_final
