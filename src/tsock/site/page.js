// What pages do more where scripts run. Each works without.

// A field that filters the list below it as one types; without scripts its form searches.
for (const form of document.querySelectorAll("form[data-filters]")) {
  const field = form.querySelector("input[type=search]");
  const groups = [...document.querySelectorAll("[data-group]")];
  const entries = [...document.querySelectorAll("[data-group] li")].map((item) => ({
    item,
    code: item.dataset.code,
    text: `${item.textContent} ${item.dataset.words ?? ""}`.toLowerCase(),
  }));
  const status = document.querySelector("[data-found]");
  const whole = status.textContent;
  const ofTokens = form.dataset.ofTokens.split(" ");
  const filter = () => {
    // As the search behind Enter understands it: codes, of which any will do, or words that an entry has.
    const words = field.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
    const codes = words.map((word) => /^e?(\d+)$/.exec(word)?.[1]);
    const areCodes = codes.every(Boolean);
    const sought = words.every((word) => ofTokens.includes(word)) ? ["token"] : words;
    let found = 0;
    for (const { item, code, text } of entries) {
      const isMeant = areCodes
        ? codes.some((digits) => code.includes(digits))
        : sought.every((word) => text.includes(word));
      item.hidden = words.length > 0 && !isMeant;
      found += item.hidden ? 0 : 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("li:not([hidden])");
    for (const each of document.querySelectorAll("[data-unfiltered]")) each.hidden = words.length > 0;
    const some = found > 0 ? `${found} of ${entries.length} codes` : "No code has this; Enter searches for what is near";
    status.textContent = words.length === 0 ? whole : some;
  };
  field.addEventListener("input", filter);
  if (field.value) filter();
}

// A button beside each value that is to be copied.
const copyButton = (value) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${value.dataset.copy}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(value.textContent.trim());
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(value);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
};
for (const value of document.querySelectorAll("[data-copy]")) value.after(copyButton(value));

// A form whose answer is shown beside it; without scripts the browser goes to the answer.
for (const form of document.querySelectorAll("form[data-shows]")) {
  const shown = document.getElementById(form.dataset.shows);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(`${form.action}?${new URLSearchParams(new FormData(form))}`);
    const text = await answer.text();
    shown.parentElement.hidden = false;
    shown.textContent = answer.ok ? text : JSON.parse(text).message;
  });
}
