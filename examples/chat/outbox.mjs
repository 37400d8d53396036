// What was written and has not arrived: sends it in order, over breaks of the connection and reloads of the page, and never twice.
import { wordsOf } from "./dom.mjs";
import { forget, keep, recall, unsentOf } from "./unsent.mjs";

const ATTEMPTS = 5; // of those that nobody answered

/**
 * The unsent messages of one person in one conversation.
 *
 * The SDK makes one attempt to send. When that fails because the connection broke, or when the page ends meanwhile, the
 * message may be stored all the same. So each carries an id in its attributes, and before the next attempt the history is
 * asked for that id.
 */
export class Outbox {
  entries = [];
  #conversation;
  #identity;
  #connected;
  #changed;
  #found;
  #restored;
  #running = false;

  /**
   * `connected()` is a promise for the next moment of being connected, `changed()` is told of every change here, and
   * `found(message)` of what was read: for that the SDK does not fire messageAdded any more.
   */
  constructor(conversation, identity, { connected, changed, found }) {
    this.#conversation = conversation;
    this.#identity = identity;
    this.#connected = connected;
    this.#changed = changed;
    this.#found = found;
    this.#restored = this.#restore();
  }

  add(text, file) {
    const entry = {
      id: crypto.randomUUID(),
      identity: this.#identity,
      sid: this.#conversation.sid,
      text,
      file,
      written: performance.timeOrigin + performance.now(),
      state: "pending",
    };
    this.entries.push(entry);
    this.#keep(entry);
    this.#changed();
    this.#run();
  }

  /** Try again what the server refused. */
  retry(entry) {
    entry.state = "pending";
    entry.attempts = 0;
    this.#keep(entry);
    this.#changed();
    this.#run();
  }

  discard(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    forget(entry.id).catch(() => {}); // it was not kept either
    this.#changed();
  }

  /** A message came in: if it was written here, it has arrived. */
  arrived(message) {
    const entry = this.entries.find(({ id }) => id === message.attributes?.id);
    if (entry) {
      this.discard(entry);
    }
  }

  /** The conversation is gone, and what was to be sent there. */
  clear() {
    this.entries.forEach((entry) => this.discard(entry));
  }

  async #restore() {
    const kept = await unsentOf(this.#identity, this.#conversation.sid).catch(() => []);
    this.entries.unshift(...kept.sort((a, b) => a.written - b.written));
    this.#changed();
    this.#run();
  }

  #keep(entry) {
    return keep(entry).catch(() => (entry.unkept = true)); // such as a full disk: then it lives as long as the page
  }

  // One at a time: the next is sent when the one before has arrived or was refused, so the order is that of writing.
  async #run() {
    if (this.#running) {
      return;
    }
    this.#running = true;
    await this.#restored;
    for (let entry; (entry = this.entries.find(({ state }) => state === "pending")); ) {
      await this.#connected();
      try {
        // Another tab of the same person may hold the same entries.
        await navigator.locks.request(`${this.#identity} ${this.#conversation.sid}`, () => this.#send(entry));
      } catch (error) {
        entry.attempts = (entry.attempts ?? 0) + 1;
        if (error.body?.code || entry.attempts === ATTEMPTS) {
          entry.state = "failed";
          entry.reason = wordsOf(error);
          if (this.entries.includes(entry)) {
            this.#keep(entry);
          }
          this.#changed();
        } // otherwise nobody answered: wait for the connection and look
      }
    }
    this.#running = false;
  }

  async #send(entry) {
    const kept = entry.unkept ? entry : ((await recall(entry.id)) ?? (entry.unkept && entry));
    const sent = !kept || (kept.after !== undefined && (await this.#isStored(kept)));
    if (!sent) {
      entry.after = kept.after ?? this.#conversation.lastMessage?.index ?? -1;
      await this.#keep(entry); // before it is sent, so that whoever finds it looks whether it was
      await this.#prepare(entry).send();
    }
    this.discard(entry);
  }

  #prepare({ id, text, file }) {
    const message = this.#conversation.prepareMessage().setBody(text).setAttributes({ id });
    if (file) {
      const form = new FormData();
      form.append("file", file, file.name);
      message.addMedia(form);
    }
    return message.build();
  }

  // Looks at everything that came after the first attempt.
  async #isStored({ id, after }) {
    let page = await this.#conversation.getMessages(30);
    for (;;) {
      page.items.forEach(this.#found);
      if (page.items.some(({ attributes }) => attributes?.id === id)) {
        return true;
      }
      if (!page.hasPrevPage || page.items[0].index <= after) {
        return false;
      }
      page = await page.prevPage();
    }
  }
}
