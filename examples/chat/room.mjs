// One open conversation: its history, who is in it, who types, how far everybody has read.
import { $, attempt, h, presenceDot } from "./dom.mjs";
import { titleOf } from "./conversations.mjs";
import { History } from "./history.mjs";

export class Room {
  participants = [];
  #history;
  #typing = new Set();
  #closed = false;

  constructor(conversation, people, outbox) {
    this.conversation = conversation;
    this.people = people;
    this.outbox = outbox;
    this.#history = new History($("scroller"), this);
    this.drawHead();
    this.#drawTyping();
  }

  async open() {
    // Both go out at once; what arrives meanwhile has a place already.
    const [participants] = await Promise.all([this.conversation.getParticipants(), this.#history.open()]);
    this.participants = participants;
    this.drawHead();
    this.#history.draw();
    this.reachedEnd();
  }

  close() {
    this.#closed = true;
    this.#history.close();
  }

  /** The others whose mark of reading is at this message. */
  readers(index) {
    return this.participants
      .filter(({ identity, lastReadMessageIndex }) => identity !== this.people.me.identity && lastReadMessageIndex === index)
      .map(({ identity }) => identity);
  }

  /** The newest message is on the screen: it counts as read, when somebody looks. */
  reachedEnd() {
    const newest = this.#history.newest;
    if (this.#closed || document.visibilityState !== "visible" || newest <= (this.conversation.lastReadMessageIndex ?? -1)) {
      return;
    }
    attempt(() => this.conversation.advanceLastReadMessageIndex(newest));
  }

  messageAdded(message) {
    this.outbox.arrived(message);
    this.#history.add(message);
    if (message.author !== this.people.me.identity) {
      $("announcer").textContent = `${this.people.name(message.author)}: ${message.body || "a picture"}`;
    }
    if (this.#history.atEnd) {
      this.reachedEnd();
    }
  }

  /** The outbox read it when it looked for what it had sent. */
  messageFound(message) {
    this.#history.add(message);
  }

  messageUpdated(message) {
    this.#history.update(message);
  }

  messageRemoved(message) {
    this.#history.remove(message);
  }

  async participantsChanged() {
    this.participants = await this.conversation.getParticipants();
    this.drawHead();
    this.#history.draw();
  }

  typing(identity, isTyping) {
    this.#typing[isTyping ? "add" : "delete"](identity);
    this.#drawTyping();
  }

  outboxChanged() {
    this.#history.drawPending();
  }

  /** A name or a presence came. */
  peopleChanged() {
    this.drawHead();
    this.#history.draw();
  }

  drawHead() {
    const { people } = this;
    const others = this.participants.filter(({ identity }) => identity !== people.me.identity);
    const names = others.map(({ identity }) => h("span", {}, people.name(identity), presenceDot(people.online(identity))));
    $("title").textContent = titleOf(this.conversation);
    $("subtitle").replaceChildren(...(names.length ? names : ["Only you are here"]));
  }

  #drawTyping() {
    const names = [...this.#typing].map((identity) => this.people.name(identity));
    $("typing").hidden = names.length === 0;
    $("typist").textContent = `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing`;
  }
}
