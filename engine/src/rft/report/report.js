"use strict";
// Filters and sorts the rows that are already on the page. Its state is the address after "#",
// so that a view can be linked: #q=apb&band=zero&sort=-mean
(() => {
  const get = (id) => document.getElementById(id);
  const list = get("rows");
  const controls = ["q", "band", "sort"].map(get);
  const rows = [...list.querySelectorAll("details.item")];
  const texts = new Map();
  const bands = {
    zero: (m) => m <= 1e-6,
    low: (m) => m > 1e-6 && m < 0.25,
    fair: (m) => m >= 0.25 && m < 0.5,
    good: (m) => m >= 0.5 && m < 0.75,
    high: (m) => m >= 0.75 && m < 1 - 1e-6,
    one: (m) => m >= 1 - 1e-6,
    spread: (m, row) => Number(row.dataset.spread) > 1e-6,
    failed: (m, row) => "failed" in row.dataset,
    gained: (m, row) => Number(row.dataset.gain) > 1e-6,
    lost: (m, row) => Number(row.dataset.gain) < -1e-6,
  };

  const text = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };

  // Rows without a figure come last, whichever way the others are sorted.
  const compare = (key, sign) => (a, b) => {
    if (key === "id") return a.dataset.id.localeCompare(b.dataset.id, "en", { numeric: true });
    const [x, y] = [a.dataset[key] ?? "", b.dataset[key] ?? ""];
    if (x === "" || y === "") return (x === "") - (y === "");
    return sign * (x - y);
  };

  const apply = () => {
    const [q, band, sort] = controls.map((control) => control.value);
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = bands[band];
    let shown = 0;
    for (const row of rows) {
      const mean = row.dataset.mean === "" ? NaN : Number(row.dataset.mean);
      row.hidden = !((!fits || fits(mean, row)) && words.every((word) => text(row).includes(word)));
      shown += !row.hidden;
    }
    const key = sort.replace("-", "");
    const sorted = key ? [...rows].sort(compare(key, sort[0] === "-" ? -1 : 1)) : rows;
    if (sorted.some((row, n) => list.children[n] !== row)) list.append(...sorted);
    get("count").textContent = `${shown} of ${rows.length} rows`;
  };

  // An expert wants the answers before the statistics: the sections change places.
  const order = get("order");
  const section = list.closest("section");
  const after = section.nextElementSibling;
  const place = (first) => {
    order.setAttribute("aria-pressed", first);
    order.textContent = first ? "Show the figures first" : "Show the answers first";
    if (first) section.parentElement.prepend(section);
    else section.parentElement.insertBefore(section, after);
  };

  const read = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    place(state.get("first") === "answers");
    for (const control of controls) {
      control.value = state.get(control.id) ?? "";
      if (control.selectedIndex === -1) control.value = "";
    }
    apply();
  };

  const change = () => {
    const state = new URLSearchParams();
    for (const control of controls) if (control.value) state.set(control.id, control.value);
    if (order.getAttribute("aria-pressed") === "true") state.set("first", "answers");
    history.replaceState(null, "", `#${state}`);
    apply();
  };

  const toggle = (open) => () => {
    for (const row of rows) if (!open || !row.hidden) row.open = open;
  };

  // From the row that has the focus, or that it is in, to the next or the one before.
  const step = (by) => {
    const shown = [...list.children].filter((row) => !row.hidden);
    const at = shown.indexOf(document.activeElement.closest("details.item"));
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by];
    next?.querySelector("summary").focus();
  };

  // A text that scrolls must be reachable by keyboard; the others need no stop.
  const opened = (event) => {
    for (const pre of event.target.querySelectorAll("pre")) {
      if (pre.scrollHeight > pre.clientHeight) pre.tabIndex = 0;
    }
  };

  // Paper has no buttons: tables behind a plot are printed, answers only where they are open.
  const folded = [...document.querySelectorAll("main > section:not([aria-labelledby=h-items]) details.more")];
  addEventListener("beforeprint", () => folded.forEach((more) => (more.open = true)));

  if (!rows.length) return;
  get("tools").hidden = order.hidden = false;
  order.addEventListener("click", () => {
    place(order.getAttribute("aria-pressed") !== "true");
    change();
  });
  for (const control of controls) control.addEventListener("input", change);
  list.addEventListener("toggle", opened, true);
  get("tools").addEventListener("submit", (event) => event.preventDefault());
  get("open").addEventListener("click", toggle(true));
  get("close").addEventListener("click", toggle(false));
  addEventListener("hashchange", read);
  addEventListener("keydown", (event) => {
    const typing = /INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName);
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      event.preventDefault();
      get("q").focus();
    }
    if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  });
  read();
})();
