// What was written and has not arrived: sends it in order, over breaks of the connection, and never twice.
import { wordsOf } from "./dom.mjs";

const ATTEMPTS = 5; // of those that nobody answered

/**
 * The unsent messages of one conversation.
 *
 * The SDK makes one attempt to send. When that fails because the connection broke, the message may be stored all the
 * same, so each carries an id in its attributes, and before the next attempt the history is asked for that id.
 */
export class Outbox {
  entries = [];
  #conversation;
  #connected;
  #changed;
  #found;
  #running = false;

  /**
   * `connected()` is a promise for the next moment of being connected, `changed()` is told of every change here, and
   * `found(message)` of what was read: for that the SDK does not fire messageAdded any more.
   */
  constructor(conversation, { connected, changed, found }) {
    this.#found = found;
    this.#conversation = conversation;
    this.#connected = connected;
    this.#changed = changed;
  }

  add(text, file) {
    this.entries.push({ id: crypto.randomUUID(), text, file, date: new Date(), state: "pending", attempts: 0 });
    this.#changed();
    this.#run();
  }

  /** Try again what the server refused. */
  retry(entry) {
    entry.state = "pending";
    entry.attempts = 0;
    this.#changed();
    this.#run();
  }

  discard(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.#changed();
  }

  /** A message came in: if it was written here, it has arrived. */
  arrived(message) {
    const entry = this.entries.find(({ id }) => id === message.attributes?.id);
    if (entry) {
      this.discard(entry);
    }
  }

  // One at a time: the next is sent when the one before has arrived or was refused, so the order is that of writing.
  async #run() {
    if (this.#running) {
      return;
    }
    this.#running = true;
    for (let entry; (entry = this.entries.find(({ state }) => state === "pending")); ) {
      await this.#connected();
      try {
        if (!(entry.after !== undefined && (await this.#isStored(entry)))) {
          await this.#send(entry);
        }
        this.discard(entry);
      } catch (error) {
        entry.attempts += 1;
        if (error.body?.code || entry.attempts === ATTEMPTS) {
          entry.state = "failed";
          entry.reason = wordsOf(error);
          this.#changed();
        } // otherwise nobody answered: wait for the connection and look
      }
    }
    this.#running = false;
  }

  #send(entry) {
    entry.after ??= this.#conversation.lastMessage?.index ?? -1;
    const message = this.#conversation.prepareMessage().setBody(entry.text).setAttributes({ id: entry.id });
    if (entry.file) {
      const form = new FormData();
      form.append("file", entry.file, entry.file.name);
      message.addMedia(form);
    }
    return message.build().send();
  }

  // Looks at everything that came after the first attempt.
  async #isStored(entry) {
    let page = await this.#conversation.getMessages(30);
    for (;;) {
      page.items.forEach(this.#found);
      if (page.items.some(({ attributes }) => attributes?.id === entry.id)) {
        return true;
      }
      if (!page.hasPrevPage || page.items[0].index <= entry.after) {
        return false;
      }
      page = await page.prevPage();
    }
  }
}
