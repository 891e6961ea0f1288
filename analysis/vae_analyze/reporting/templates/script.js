"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const stored = { get: () => { try { return localStorage.getItem("vae-analyze-theme"); } catch { return null; } },
                   set: (value) => { try { localStorage.setItem("vae-analyze-theme", value); } catch { /* private window */ } } };
  const chosen = stored.get();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;

  const say = (text) => { document.querySelector(".status").textContent = text; };
  const copied = async (button, text) => {
    let done = true;
    try { await navigator.clipboard.writeText(text); } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
    }
    const label = button.dataset.label || (button.dataset.label = button.textContent);
    button.textContent = done ? "Copied" : "Not copied";
    say(button.textContent);
    setTimeout(() => { button.textContent = label; }, 1500);
  };

  const quoted = (text) => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const fragment = (cell, name) => cell.dataset[name] ?? quoted(cell.textContent.trim());
  const csv = (table) => [...table.rows].map((row) =>
    [...row.cells].map((cell) => fragment(cell, cell.tagName === "TH" ? "c" : "v")).join(",")).join("\n") + "\n";

  const sortKey = (row, at) => {
    const cell = row.cells[at];
    const text = (cell.dataset.v ?? cell.textContent).trim();
    const number = parseFloat(text.replaceAll(cell.dataset.v === undefined ? "," : "\u0000", ""));
    return cell.classList.contains("num") ? number : text;
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number"
    ? (Number.isNaN(a) - Number.isNaN(b)) || a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
  const sort = (table, at) => {
    const heads = [...table.tHead.rows[0].cells];
    const down = heads[at].getAttribute("aria-sort") === "ascending";
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[at].setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [sortKey(row, at), row]);
    const undefinedLast = (x) => typeof x === "number" && Number.isNaN(x);
    rows.sort(([a], [b]) => undefinedLast(a) || undefinedLast(b) ? compare(a, b) : (down ? -1 : 1) * compare(a, b));
    body.append(...rows.map(([, row]) => row));
  };

  const slide = (input) => {
    const row = input.closest("tr");
    const at = Number(input.value);
    const tiles = [...row.querySelectorAll("td:not(.stage)")];
    const shown = tiles[at].querySelector("svg").getAttribute("viewBox");
    const label = input.closest("table").tHead.rows[0].cells[at + 2].textContent;
    input.previousElementSibling.setAttribute("viewBox", shown);
    input.nextElementSibling.textContent = label;
    input.setAttribute("aria-valuetext", label);
    tiles.forEach((tile, k) => tile.classList.toggle("chosen", k === at));
  };

  const views = (group, number) => {
    const figures = [...group.children];
    const list = document.createElement("div");
    list.className = "tabs";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", "Views");
    const choose = (at, focus) => {
      figures.forEach((figure, k) => { figure.classList.toggle("unseen", k !== at); });
      [...list.children].forEach((tab, k) => {
        tab.setAttribute("aria-selected", String(k === at));
        tab.tabIndex = k === at ? 0 : -1;
        if (focus && k === at) tab.focus();
      });
    };
    figures.forEach((figure, k) => {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.textContent = figure.querySelector("h3").textContent;
      tab.id = `view-${number}-${k}`;
      tab.setAttribute("role", "tab");
      figure.id ||= `${tab.id}-panel`;
      tab.setAttribute("aria-controls", figure.id);
      figure.setAttribute("role", "tabpanel");
      figure.setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", () => choose(k, false));
      tab.addEventListener("keydown", (event) => {
        const to = { ArrowRight: k + 1, ArrowLeft: k - 1, Home: 0, End: figures.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        choose((to + figures.length) % figures.length, true);
      });
      list.append(tab);
    });
    group.prepend(list);
    choose(0, false);
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll(".stage input")) {
      input.addEventListener("input", () => slide(input));
      slide(input);
    }
    [...document.querySelectorAll(".views")].forEach(views);
    const toggle = document.querySelector(".toggle");
    const show = () => { toggle.setAttribute("aria-pressed", String(isDark())); };
    toggle.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      stored.set(root.dataset.theme);
      show();
    });
    system.addEventListener("change", show);
    show();
    for (const table of document.querySelectorAll("table.sortable")) {
      [...table.tHead.rows[0].cells].forEach((head, at) => {
        const name = head.querySelector(".name");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "sort";
        button.textContent = name.textContent;
        name.replaceWith(button);
        button.addEventListener("click", () => sort(table, at));
      });
    }
    for (const button of document.querySelectorAll(".copy-csv")) {
      const table = button.parentElement.parentElement.querySelectorAll("table.data");
      button.addEventListener("click", () => {
        const before = [...table].filter((one) => one.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING);
        copied(button, csv(before.at(-1)));
      });
    }
    for (const button of document.querySelectorAll(".copy-command")) {
      button.addEventListener("click", () => copied(button, button.parentElement.querySelector("pre").textContent));
    }
  });
})();
