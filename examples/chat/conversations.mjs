// The list of one's conversations, newest first, with what is unread.
import { $, avatar, clockTime, dayName, h } from "./dom.mjs";

export const titleOf = (conversation) => conversation.friendlyName || "Untitled";

const lastActive = (conversation) => conversation.lastMessage?.dateCreated ?? conversation.dateCreated;

export class ConversationList {
  #entries = new Map(); // by SID: the conversation and its unread count
  #open;
  #selected;

  /** `open(conversation)` is called when one is chosen. */
  constructor(client, open) {
    this.#open = open;
    client.on("conversationJoined", (conversation) => this.#count(conversation));
    client.on("conversationUpdated", ({ conversation, updateReasons }) => {
      if (updateReasons.some((reason) => ["lastMessage", "lastReadMessageIndex"].includes(reason))) {
        this.#count(conversation);
      }
      this.#draw();
    });
    for (const event of ["conversationLeft", "conversationRemoved"]) {
      client.on(event, ({ sid }) => {
        this.#entries.delete(sid);
        this.#draw();
      });
    }
    this.#draw();
  }

  select(conversation) {
    this.#selected = conversation?.sid;
    this.#draw();
  }

  async #count(conversation) {
    const { sid } = conversation;
    const entry = this.#entries.get(sid) ?? { unread: 0 };
    this.#entries.set(sid, { ...entry, conversation });
    this.#draw();
    try {
      // Nothing was ever read there: then all of it is unread.
      const unread = (await conversation.getUnreadMessagesCount()) ?? (await conversation.getMessagesCount());
      if (this.#entries.has(sid)) {
        this.#entries.get(sid).unread = unread;
        this.#draw();
      }
    } catch {
      // Left meanwhile, or the connection is away: the next change counts again.
    }
  }

  #draw() {
    const sorted = [...this.#entries.values()].sort((a, b) => lastActive(b.conversation) - lastActive(a.conversation));
    const focused = document.activeElement?.dataset?.sid;
    $("conversations").replaceChildren(...sorted.map((entry) => this.#row(entry)));
    document.querySelector(`#conversations [data-sid="${focused}"]`)?.focus();
    $("none").hidden = sorted.length > 0;
    const unread = sorted.reduce((sum, entry) => sum + entry.unread, 0);
    document.title = unread ? `(${unread}) Chat` : "Chat";
  }

  #row({ conversation, unread }) {
    const date = lastActive(conversation);
    const title = titleOf(conversation);
    const day = dayName(date);
    return h(
      "li",
      {},
      h(
        "button",
        {
          class: unread ? "row unread" : "row",
          "data-sid": conversation.sid,
          "aria-current": this.#selected === conversation.sid && "true",
          onclick: () => this.#open(conversation),
        },
        avatar(title),
        h(
          "span",
          { class: "about" },
          h("span", { class: "title" }, title),
          h("span", { class: "when" }, `${day === "Today" ? "" : `${day}, `}${clockTime(date)}${conversation.notificationLevel === "muted" ? " · muted" : ""}`),
        ),
        unread > 0 && h("span", { class: "badge", "aria-label": `${unread} unread` }, unread > 99 ? "99+" : String(unread)),
      ),
    );
  }
}
