"""Blobs that are stored before anything says what they are for (`docs/decisions`, 23)."""

from collections.abc import AsyncIterator

from tsock.conversations import media
from tsock.ids import Ids
from tsock.storage.blobs import Blobs
from tsock.storage.store import Store, written


class LooseBlobs:
    """Stores bytes under a name that is drawn here; unless a record takes them in time, they go again."""

    def __init__(self, store: Store, blobs: Blobs, ids: Ids) -> None:
        self._store = store
        self._blobs = blobs
        self._ids = ids

    async def put(self, pieces: AsyncIterator[bytes], kept_ms: int) -> tuple[str, int]:
        """Store what comes in these pieces: the blob, and how many bytes it has.

        Raises:
            StoreDown: it could not be stored. What `pieces` raises is passed on; nothing is left of either.
        """
        blob = self._ids.secret()
        await written(self._store, lambda tx: media.expect(tx, blob, tx.now_ms + kept_ms))
        try:
            return blob, await self._blobs.put(blob, pieces)
        except Exception:
            await written(self._store, lambda tx: media.forget(tx, [blob]))
            raise
