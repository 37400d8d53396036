// One message as people see it: text, pictures, reactions, and what may be done with it.
import { attempt, avatar, clockTime, complain, h, localPicture } from "./dom.mjs";

const REACTIONS = ["👍", "❤️", "😂", "🎉", "😮"];

/** The element of a message; `first` begins a row of messages of one author; `edited()` is called when an edit has ended. */
export function messageElement(message, { people, first, edited }) {
  const own = message.author === people.me.identity;
  const author = people.name(message.author);
  const time = clockTime(message.dateCreated);
  const body = message.body ? h("p", { class: "text" }, message.body) : null;
  const bubble = h("div", { class: "bubble" }, pictures(message), body);
  return h(
    "li",
    { class: `message${own ? " own" : ""}${first ? " first" : ""}`, "data-index": message.index, tabindex: "-1" },
    !own && (first ? avatar(author) : h("span", { class: "avatar gap" })),
    h(
      "div",
      { class: "column" },
      first && h("p", { class: "by" }, h("b", {}, own ? "You" : author), " ", h("time", { datetime: message.dateCreated.toISOString() }, time)),
      h("div", { class: "line" }, bubble, actions(message, people.me.identity, () => edit(message, bubble, edited))),
      reactions(message, people),
    ),
  );
}

/** Whether somebody is editing it, here. */
export const isEdited = (element) => element.querySelector(".edit") !== null;

/** Who is named in it: the author, and who reacted. */
export const peopleOf = ({ author, attributes }) => [author, ...Object.values(attributes?.reactions ?? {}).flat()];

/** What was written and is on its way, or was refused. */
export function pendingElement(entry, outbox) {
  const failed = entry.state === "failed";
  const picture = entry.file && localPicture(entry.file, { class: "picture", alt: entry.file.name });
  return h(
    "li",
    { class: `message own first pending${failed ? " failed" : ""}` },
    h(
      "div",
      { class: "column" },
      h("div", { class: "line" }, h("div", { class: "bubble" }, picture || null, entry.text && h("p", { class: "text" }, entry.text))),
      failed
        ? h(
            "p",
            { class: "reason" },
            `Not sent: ${entry.reason} `,
            h("button", { class: "link", onclick: () => outbox.retry(entry) }, "Try again"),
            h("button", { class: "link", onclick: () => outbox.discard(entry) }, "Discard"),
          )
        : h("small", {}, "Sending…"),
    ),
  );
}

function pictures(message) {
  return (message.attachedMedia ?? []).map((media) => {
    const name = media.filename ?? "file";
    if (!media.contentType.startsWith("image/")) {
      return h("button", { class: "file", onclick: () => attempt(async () => open(await media.getContentTemporaryUrl())) }, `📎 ${name}`);
    }
    // The place is kept free from the start, so that nothing jumps when the picture comes.
    const image = h("img", { class: "picture", alt: name });
    media.getContentTemporaryUrl().then((url) => (image.src = url), complain);
    return image;
  });
}

// Reactions are attributes of the message: {"reactions": {"👍": ["alice", "bob"]}}.
function reactions(message, people) {
  const me = people.me.identity;
  const given = Object.entries(message.attributes?.reactions ?? {}).filter(([, names]) => names.length);
  return (
    given.length > 0 &&
    h(
      "div",
      { class: "reactions" },
      given.map(([emoji, names]) =>
        h(
          "button",
          {
            "aria-pressed": String(names.includes(me)),
            "aria-label": `${emoji} from ${names.map((name) => people.name(name)).join(", ")}`,
            title: names.map((name) => people.name(name)).join(", "),
            onclick: () => react(message, emoji, me),
          },
          `${emoji} ${names.length}`,
        ),
      ),
    )
  );
}

// Attributes are replaced as a whole, so this starts from what they are now, not from what they were when drawn.
function react(message, emoji, me) {
  const { reactions = {}, ...others } = message.attributes ?? {};
  const names = reactions[emoji] ?? [];
  const changed = names.includes(me) ? names.filter((name) => name !== me) : [...names, me];
  attempt(() => message.updateAttributes({ ...others, reactions: { ...reactions, [emoji]: changed } }));
}

function actions(message, me, startEdit) {
  const own = message.author === me;
  return h(
    "div",
    { class: "actions", role: "group", "aria-label": "Actions" },
    REACTIONS.map((emoji) => h("button", { "aria-label": `React with ${emoji}`, onclick: () => react(message, emoji, me) }, emoji)),
    own && h("button", { class: "word", onclick: startEdit }, "Edit"),
    own && h("button", { class: "word", onclick: () => confirm("Delete this message for everybody?") && attempt(() => message.remove()) }, "Delete"),
  );
}

function edit(message, bubble, edited) {
  const field = h("textarea", { "aria-label": "Edit message", rows: "2" });
  const before = [...bubble.childNodes];
  const close = () => {
    bubble.replaceChildren(...before);
    bubble.closest("[data-index]").focus({ preventScroll: true });
    edited();
  };
  const save = async (event) => {
    event?.preventDefault();
    const text = field.value.trim();
    if (text === message.body || (!text && !message.attachedMedia?.length)) {
      return close();
    }
    await attempt(() => message.updateBody(text)); // drawn anew by messageUpdated
    close();
  };
  field.value = message.body ?? "";
  field.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Escape") {
      close();
    } else if (event.key === "Enter" && !event.shiftKey) {
      save(event);
    }
  };
  bubble.replaceChildren(
    h("form", { class: "edit", onsubmit: save }, field, h("button", {}, "Save"), h("button", { type: "button", class: "quiet", onclick: close }, "Cancel")),
  );
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}
