// Keeps what is unsent in the browser's own database: over a reload of the page, and for the next tab when this one is closed.

const opened = new Promise((resolve, reject) => {
  const request = indexedDB.open("chat", 1);
  request.onupgradeneeded = () => {
    const messages = request.result.createObjectStore("unsent", { keyPath: "id" });
    messages.createIndex("whose", ["identity", "sid"]);
  };
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
opened.catch(() => {}); // whoever asks is told

// What is asked one after the other is done one after the other, also by several tabs.
async function ask(mode, action) {
  const transaction = (await opened).transaction("unsent", mode);
  const request = action(transaction.objectStore("unsent"));
  transaction.commit(); // done even if the page ends now
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** What somebody (an identity) wrote in a conversation (its SID) and did not get sent. */
export const unsentOf = (identity, sid) => ask("readonly", (messages) => messages.index("whose").getAll([identity, sid]));

/** It as it was kept last; undefined when it has been forgotten. */
export const recall = (id) => ask("readonly", (messages) => messages.get(id));

/** Keep it, with the file in it, or what changed of it: `{ id, identity, sid, … }`. */
export const keep = (message) => ask("readwrite", (messages) => messages.put(message));

export const forget = (id) => ask("readwrite", (messages) => messages.delete(id));
