// Where one writes: text, a picture with its preview, and telling the others that one is typing.
import { $, h, localPicture } from "./dom.mjs";

export class Composer {
  #file;

  /** `send(text, file)` takes what was written; `typing()` is called while somebody writes. */
  constructor({ send, typing }) {
    const field = $("text");

    $("composer").onsubmit = (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text || this.#file) {
        send(text, this.#file);
        field.value = "";
        this.#choose(null);
        this.#grow();
      }
      field.focus();
    };
    field.oninput = () => {
      this.#grow();
      typing();
    };
    field.onkeydown = (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        $("composer").requestSubmit();
      }
    };
    $("picture").onchange = () => this.#choose($("picture").files[0]);
    field.onpaste = ({ clipboardData }) => this.#choose(clipboardData.files[0] ?? this.#file);
  }

  /** Begin anew in another conversation. */
  reset() {
    $("text").value = "";
    this.#choose(null);
    this.#grow();
  }

  #choose(file) {
    this.#file = file ?? null;
    $("picture").value = "";
    $("preview").hidden = !file;
    if (file) {
      $("preview").replaceChildren(
        localPicture(file, { alt: "" }),
        h("span", {}, file.name),
        h("button", { type: "button", class: "quiet", "aria-label": "Remove the picture", onclick: () => this.#choose(null) }, "✕"),
      );
    }
  }

  #grow() {
    $("text").style.height = "auto";
    $("text").style.height = `${Math.min($("text").scrollHeight, 160)}px`;
  }
}
