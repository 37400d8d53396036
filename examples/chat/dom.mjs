// The few things that every part of the page does with elements.

export const $ = (id) => document.getElementById(id);

/** An element: `h("button", { class: "quiet", onclick }, "Save")`. Children that are null or false are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) {
      element[name] = value;
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false && child !== undefined));
  return element;
}

/** The picture in a file that is not uploaded yet. */
export function localPicture(file, properties) {
  const url = URL.createObjectURL(file);
  return h("img", { ...properties, src: url, onload: () => URL.revokeObjectURL(url) });
}

/** A round picture made of a name: its initials, on a colour that is always the same for it. */
export function avatar(name) {
  const initials = name.split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  return h("span", { class: "avatar", style: `--hue: ${hue}`, "aria-hidden": "true" }, initials || "?");
}

/** Whether somebody is connected, as `People.online` tells it; nothing where that is not known. */
export const presenceDot = (online) =>
  online === null ? null : h("i", { class: online ? "dot online" : "dot", role: "img", "aria-label": online ? "online" : "away" });

export const clockTime = (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

export function dayName(date) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days < 2) {
    return ["Today", "Yesterday"][Math.max(days, 0)];
  }
  return date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

/** What a rejected promise of the SDK says: the server's words where it gave any. */
export function wordsOf(error) {
  const { code, message } = error?.body ?? {};
  return message ? `${message} (${code})` : (error?.message ?? String(error));
}

let hiding;

/** Show what went wrong, for as long as it takes to read it. */
export function complain(error) {
  const text = typeof error === "string" ? error : wordsOf(error);
  $("trouble").textContent = text;
  $("trouble").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => ($("trouble").hidden = true), 4000 + 60 * text.length);
}

/** Do it, and show it when it fails. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    complain(error);
  }
}
