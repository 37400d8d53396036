// What one does with a conversation as a whole: its name, its people, mute, leave, delete.
import { $, attempt, avatar, h, presenceDot } from "./dom.mjs";

export class Details {
  #room;
  #name;
  #muting = 0; // changes of the box that are not answered yet

  constructor() {
    $("details").onclick = () => {
      this.#name = undefined; // begin with what it is, not with what was left there
      this.draw();
      $("panel").showModal();
    };
    $("rename").onsubmit = (event) => {
      event.preventDefault();
      attempt(() => this.#room.conversation.updateFriendlyName($("name").value.trim()));
    };
    $("add").onsubmit = (event) => {
      event.preventDefault();
      attempt(async () => {
        await this.#room.conversation.add($("person").value.trim());
        $("person").value = "";
      });
    };
    $("mute").onchange = () => this.#mute($("mute").checked);
    $("leave").onclick = () => this.#end("Leave this conversation?", (conversation) => conversation.leave());
    $("delete").onclick = () =>
      this.#end("Delete this conversation with all its messages, for everybody?", (conversation) => conversation.delete());
  }

  /** The conversation that is open now. */
  show(room) {
    this.#room = room;
    if ($("panel").open) {
      room ? this.draw() : $("panel").close();
    }
  }

  draw() {
    const { conversation, participants, people } = this.#room;
    if (this.#name !== conversation.friendlyName) {
      this.#name = $("name").value = conversation.friendlyName ?? ""; // not at other changes: somebody may be typing
    }
    if (!this.#muting) {
      $("mute").checked = conversation.notificationLevel === "muted"; // else the box is ahead of the server
    }
    $("people").replaceChildren(
      ...participants.map((participant) => {
        const { identity } = participant;
        const online = people.online(identity);
        const own = identity === people.me.identity;
        return h(
          "li",
          {},
          avatar(people.name(identity)),
          h("span", { class: "title" }, people.name(identity), own && " (you)", presenceDot(online)),
          !own &&
            h(
              "button",
              { class: "quiet", "aria-label": `Remove ${identity}`, onclick: () => attempt(() => conversation.removeParticipant(participant)) },
              "Remove",
            ),
        );
      }),
    );
  }

  async #mute(muted) {
    this.#muting += 1;
    await attempt(() => this.#room.conversation.setUserNotificationLevel(muted ? "muted" : "default"));
    this.#muting -= 1;
    this.show(this.#room); // what became of it, refused or not
  }

  #end(question, end) {
    if (confirm(question)) {
      attempt(() => end(this.#room.conversation)).then(() => $("panel").close());
    }
  }
}
