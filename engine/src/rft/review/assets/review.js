"use strict";
// Keys, lists that grow, the search of a field, and figures that come later. Everything works
// without it, but for adding entries: forms are plain forms.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const sheet = one("[data-sheet]");
  const typing = (at) => at && at.matches("input:not([type=radio]):not([type=checkbox]), select, textarea");

  // Choices that lead to another view.
  for (const select of all("[data-go]")) select.addEventListener("change", () => select.form.submit());
  for (const select of all("[data-jump]")) {
    select.addEventListener("change", () => location.assign(select.value));
  }

  // What a person opened or closed stays so from row to row.
  for (const part of all("details[data-keep]")) {
    const name = `rft-open-${part.dataset.keep}`;
    const kept = sessionStorage.getItem(name);
    if (kept !== null) part.open = kept === "1";
    part.addEventListener("toggle", () => sessionStorage.setItem(name, part.open ? "1" : "0"));
  }

  // Lists: the number of a new entry is higher than any before.
  let added = 0;
  const add = (list) => {
    const template = one(":scope > template", list);
    if (!template) return;
    const used = all("[name]", list).map((field) => {
      const rest = field.name.slice(list.dataset.list.length + 1);
      return field.name.startsWith(`${list.dataset.list}.`) ? parseInt(rest, 10) || 0 : 0;
    });
    added = Math.max(added, ...used) + 1;
    const copy = document.createElement("template");
    copy.innerHTML = template.innerHTML.replaceAll(`${list.dataset.list}.__n__`, `${list.dataset.list}.${added}`);
    const entry = copy.content.firstElementChild;
    one(":scope > .entries", list).append(entry);
    one("input, textarea, select", entry)?.focus();
    changed();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches("[data-add]")) add(button.closest("[data-list]"));
    if (button.matches("[data-remove]")) {
      const entry = button.closest(".entry");
      const next = entry.nextElementSibling ?? entry.previousElementSibling;
      const list = entry.closest("[data-list]");
      entry.remove();
      (next ? one("input, textarea, select", next) : one("[data-add]", list))?.focus();
      changed();
    }
  });

  // Whether the form differs from what was loaded, and what the buttons say then.
  const state = () => (sheet ? new URLSearchParams(new FormData(sheet)).toString() : "");
  const loaded = state();
  let leaving = false;
  const touched = () => state() !== loaded;
  function changed() {
    if (!sheet) return;
    const other = touched() || "changed" in sheet.dataset;
    const save = one("[data-save]", sheet);
    if (save.dataset.same) save.textContent = other ? save.dataset.other : save.dataset.same;
    for (const part of all("[data-when-changed]", sheet)) part.hidden = !other;
  }
  if (sheet) {
    sheet.addEventListener("input", changed);
    sheet.addEventListener("submit", () => (leaving = true));
    addEventListener("beforeunload", (event) => {
      if (!leaving && touched()) event.preventDefault();
    });
    changed();
  }
  addEventListener("pageshow", () => (leaving = false));

  // The search of a field: the arrow keys choose, Enter takes.
  const close = (input) => {
    one(".matches", input.parentElement)?.remove();
    input.setAttribute("aria-expanded", "false");
  };
  const take = (input, item) => {
    input.value = item.dataset.value;
    one(".meaning", input.parentElement).textContent = item.dataset.meaning;
    close(input);
    changed();
  };
  const search = async (input, words) => {
    const query = new URLSearchParams({
      row: sheet.elements.row.value,
      path: input.dataset.search,
      q: words,
    });
    const reply = await fetch(`/search?${query}`);
    return reply.ok ? reply.json() : [];
  };
  const look = async (input) => {
    const words = input.value.trim();
    if (words) one(".meaning", input.parentElement).textContent = "searching …";
    const matches = words ? await search(input, words) : [];
    if (document.activeElement !== input || input.value.trim() !== words) return;
    close(input);
    const exact = matches.find(([value]) => value === words);
    one(".meaning", input.parentElement).textContent = exact ? exact[1] : "";
    if (!matches.length) return;
    const list = document.createElement("ul");
    list.className = "matches";
    list.setAttribute("role", "listbox");
    for (const [value, meaning] of matches) {
      const item = document.createElement("li");
      item.setAttribute("role", "option");
      item.dataset.value = value;
      item.dataset.meaning = meaning;
      const name = document.createElement("b");
      name.textContent = value;
      item.append(name, meaning);
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(input, item);
      });
      list.append(item);
    }
    input.parentElement.append(list);
    input.setAttribute("aria-expanded", "true");
  };
  let waiting = 0;
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-search]")) return;
    clearTimeout(waiting);
    waiting = setTimeout(look, 180, event.target);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches("[data-search]")) close(event.target);
  });
  const choose = (input, by) => {
    const items = all(".matches li", input.parentElement);
    if (!items.length) return look(input);
    const at = items.findIndex((item) => item.ariaSelected === "true");
    for (const item of items) item.setAttribute("aria-selected", "false");
    const item = items[(at + by + items.length + (at < 0 && by < 0 ? 1 : 0)) % items.length];
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
  };
  for (const input of all("[data-search]")) {
    const words = input.value.trim();
    if (words && !one(".meaning", input.parentElement).textContent) {
      search(input, words).then((matches) => {
        const exact = matches.find(([value]) => value === words);
        if (exact) one(".meaning", input.parentElement).textContent = exact[1];
      });
    }
  }

  // Keys.
  const save = () => one("[data-save]")?.click();
  const mark = (number) => {
    const picks = all(`[data-criterion="${number}"] input[type=radio]`);
    if (!picks.length) return;
    const next = picks[picks[0].checked ? 1 : 0];
    next.checked = true;
    next.focus();
    changed();
  };
  const inField = (event) => {
    const field = event.target;
    if (event.key === "Escape") {
      if (one(".matches", field.parentElement)) close(field);
      else field.blur();
      return;
    }
    if (field.matches("[data-search]") && /^Arrow(Down|Up)$/.test(event.key)) {
      event.preventDefault();
      choose(field, event.key === "ArrowDown" ? 1 : -1);
      return;
    }
    if (event.key !== "Enter" || !field.matches("[data-sheet] input")) return;
    event.preventDefault(); // Enter goes on to the next field; Ctrl and Enter save
    const chosen = one(".matches [aria-selected=true]", field.parentElement);
    if (chosen) return take(field, chosen);
    const fields = all("input:not([type=hidden]), textarea, select", sheet).filter((f) => f.offsetParent);
    const next = fields[fields.indexOf(field) + 1];
    const list = field.closest("[data-list]");
    if (list && field.value && !list.contains(next ?? null)) add(list);
    else next?.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return save();
    }
    if (typing(event.target)) return inField(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j" || event.key === "s") one("#next")?.click();
    else if (event.key === "k") one("#previous")?.click();
    else if (event.key === "?") one(".keys")?.toggleAttribute("open");
    else if (/^[1-9]$/.test(event.key)) mark(event.key);
    else if (event.key === "e") {
      event.preventDefault();
      one("[data-sheet] :is(input:not([type=hidden]), textarea, select)")?.focus();
    }
  });

  // Figures take a moment: they are fetched when somebody opens them, and kept fresh.
  for (const part of all("[data-agreement]")) {
    const list = one("ul", part);
    const refresh = async () => {
      const reply = await fetch(`/agreement?task=${encodeURIComponent(part.dataset.agreement)}`);
      if (!reply.ok) return;
      const lines = await reply.json();
      list.replaceChildren(...lines.map((line) => {
        const item = document.createElement("li");
        item.textContent = line;
        return item;
      }));
    };
    let timer = 0;
    part.addEventListener("toggle", () => {
      clearInterval(timer);
      if (!part.open) return;
      refresh();
      timer = setInterval(refresh, 15000);
    });
  }
})();
