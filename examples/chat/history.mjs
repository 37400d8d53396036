// The messages of a conversation on the screen: loads older ones when scrolled up, keeps the place, shows who has read what.
import { attempt, dayName, h } from "./dom.mjs";
import { isEdited, messageElement, pendingElement, peopleOf } from "./message.mjs";

const PAGE = 30;
const NEAR_PX = 80;

export class History {
  #scroller;
  #list = h("ol", { class: "messages" });
  #pending = h("ol", { class: "messages" });
  #room;
  #messages = new Map(); // by index: what the history brings and what arrives may overlap
  #elements = new Map();
  #page;
  #loading = false;
  #endInSight = true;
  #resizes;

  /** `room`: its conversation, people, outbox, and `readers(index)`, the identities whose mark is at that message. */
  constructor(scroller, room) {
    this.#scroller = scroller;
    this.#room = room;
    scroller.replaceChildren(this.#list, this.#pending);
    scroller.onscroll = () => {
      this.#endInSight = this.atEnd;
      this.#scrolled();
    };
    scroller.onkeydown = (event) => this.#pressed(event);
    // As when somebody begins to type, or one's own message takes another line.
    this.#resizes = new ResizeObserver(() => this.#endInSight && this.toEnd());
    this.#resizes.observe(scroller);
  }

  close() {
    this.#resizes.disconnect();
  }

  get newest() {
    return Math.max(-1, ...this.#messages.keys());
  }

  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  async open() {
    this.#page = await this.#room.conversation.getMessages(PAGE);
    this.#page.items.forEach((message) => this.#messages.set(message.index, message));
    this.draw();
    this.toEnd();
    this.#scrolled();
  }

  add(message) {
    const stay = !this.atEnd && message.author !== this.#room.people.me.identity;
    this.#messages.set(message.index, message);
    this.draw();
    if (!stay) {
      this.toEnd();
    }
  }

  update(message) {
    if (this.#messages.has(message.index)) {
      this.#messages.set(message.index, message);
      this.#elements.get(message.index).shows = "what it was";
      this.draw();
    }
  }

  remove(message) {
    this.#messages.delete(message.index);
    this.draw();
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Writes everything as it is now; what is looked at stays where it is, or the end in sight. */
  draw() {
    const top = (element) => element.getBoundingClientRect().top;
    const toEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    const seen = this.atEnd ? undefined : this.#firstInSight(top);
    const before = seen && top(seen);
    this.#write();
    const now = seen && this.#list.querySelector(`[data-index="${seen.dataset.index}"]`);
    if (now) {
      this.#scroller.scrollTop += top(now) - before;
    } else {
      this.#scroller.scrollTop = this.#scroller.scrollHeight - toEnd;
    }
  }

  #firstInSight(top) {
    const edge = top(this.#scroller);
    return [...this.#list.querySelectorAll("[data-index]")].find(
      (element) => element.getBoundingClientRect().bottom > edge,
    );
  }

  #write() {
    const focused = document.activeElement?.closest?.("[data-index]")?.dataset.index;
    const rows = [];
    let before;
    for (const index of [...this.#messages.keys()].sort((a, b) => a - b)) {
      const message = this.#messages.get(index);
      const newDay = !before || dayName(before.dateCreated) !== dayName(message.dateCreated);
      if (newDay) {
        rows.push(h("li", { class: "day" }, h("span", {}, dayName(message.dateCreated))));
      }
      const first = newDay || before.author !== message.author || message.dateCreated - before.dateCreated > 300_000;
      const element = this.#element(message, first);
      element.tabIndex = index === this.newest ? 0 : -1; // Tab leads to the newest, arrows from one to the next
      rows.push(element);
      const readers = this.#room.readers(index).filter((identity) => identity !== message.author);
      if (readers.length) {
        const names = readers.map((identity) => this.#room.people.name(identity));
        rows.push(h("li", { class: "seen" }, `Seen by ${names.join(", ")}`));
      }
      before = message;
    }
    become(this.#list, rows);
    if (focused !== undefined && !this.#scroller.contains(document.activeElement)) {
      this.#list.querySelector(`[data-index="${focused}"]`)?.focus({ preventScroll: true });
    }
    this.drawPending();
  }

  drawPending() {
    const { outbox } = this.#room;
    const waiting = outbox.entries.filter(({ id }) => ![...this.#messages.values()].some((m) => m.attributes?.id === id));
    const grew = waiting.length > this.#pending.children.length;
    this.#pending.replaceChildren(...waiting.map((entry) => pendingElement(entry, outbox)));
    if (grew) {
      this.toEnd();
    }
  }

  // An element is kept while what it shows stays the same, so that pictures, focus and an edit under way stay too.
  #element(message, first) {
    const { people } = this.#room;
    const names = peopleOf(message).map((identity) => people.name(identity));
    const shows = JSON.stringify([first, ...names]);
    const kept = this.#elements.get(message.index);
    if (kept && (kept.shows === shows || isEdited(kept.element))) {
      return kept.element;
    }
    const element = messageElement(message, { people, first, edited: () => this.draw() });
    this.#elements.set(message.index, { element, shows });
    return element;
  }

  #pressed(event) {
    const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    if (!step || !event.target.matches("[data-index]")) {
      return;
    }
    let next = event.target[step];
    while (next && !next.matches("[data-index]")) {
      next = next[step];
    }
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }

  async #scrolled() {
    if (this.atEnd) {
      this.#room.reachedEnd();
    }
    if (this.#loading || !this.#page?.hasPrevPage || this.#scroller.scrollTop > 400) {
      return;
    }
    this.#loading = true;
    const page = await attempt(() => this.#page.prevPage());
    this.#loading = false;
    if (page) {
      this.#page = page;
      page.items.forEach((message) => this.#messages.set(message.index, message));
      this.draw();
      this.#scrolled();
    }
  }
}

// What stays among the children of `list` is not moved: whoever types or reads there would lose the focus.
function become(list, rows) {
  const staying = new Set(rows);
  [...list.children].filter((child) => !staying.has(child)).forEach((child) => child.remove());
  let place = list.firstChild;
  for (const row of rows) {
    if (row === place) {
      place = place.nextSibling;
    } else {
      list.insertBefore(row, place);
    }
  }
}
