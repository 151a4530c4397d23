"use strict";
(() => {
  const root = document.documentElement;
  const make = (tag, props, ...children) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...children);
    return node;
  };
  const remember = (key, value) => {
    try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value); } catch { return null; }
  };

  // Light or dark: that of the system until somebody chooses.
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = make("button", { type: "button" });
  const name = () => { theme.textContent = isDark() ? "Light page" : "Dark page"; };
  const chosen = remember("airtone-theme");
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember("airtone-theme", root.dataset.theme);
    name();
  });
  name();
  document.querySelector(".bar").append(theme);

  // Copy buttons. A page opened from a file may lack navigator.clipboard.
  const said = make("p", { className: "sr" });
  said.setAttribute("aria-live", "polite");
  document.body.append(said);
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way below */ }
    const area = make("textarea", { value: text, className: "sr" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  for (const code of document.querySelectorAll(".filter code")) {
    const button = make("button", { type: "button" }, "Copy");
    button.setAttribute("aria-label", "Copy the display filter");
    button.addEventListener("click", async () => {
      const done = await copy(code.dataset.copy ?? code.textContent);
      button.textContent = done ? "Copied" : "Press Ctrl+C";
      said.textContent = done ? "Display filter copied" : "Copying failed; the filter is selected";
      if (!done) getSelection().selectAllChildren(code);
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    code.after(button);
  }

  // A link into a closed call opens it.
  const reveal = (id) => {
    const target = id && document.getElementById(id);
    if (!target) return;
    const rows = target.closest("tbody[data-row]");
    if (rows) rows.closest("table").dispatchEvent(new CustomEvent("show-row", { detail: rows }));
    for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", () => reveal(location.hash.slice(1)));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) reveal(link.hash.slice(1));
  });

  // Tables: sorting by a click on a title, filtering by words, rows by the page.
  const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const enhance = (table) => {
    const rows = [...table.tBodies];
    if (rows.length < 2) return;
    const size = Number(table.dataset.page) || 100;
    const what = table.dataset.find;
    let limit = size, words = [], outcome = "";
    let texts = null; // made when they are wanted: a large table has megabytes of them
    const textOf = (row) => (texts ??= rows.map((one) => one.textContent.toLowerCase()))[place.get(row)];
    const place = new Map(rows.map((row, at) => [row, at]));
    rows.forEach((row) => { row.dataset.row = ""; });
    const count = make("span", { className: "count" });
    count.setAttribute("role", "status");
    const more = make("button", { type: "button" });
    const foot = make("div", { className: "more-rows" }, more);
    const outcomeOf = (row) => row.querySelector(".outcome")?.textContent ?? "";
    const matches = (row) => words.every((word) => textOf(row).includes(word)) && (!outcome || outcomeOf(row) === outcome);
    const show = () => {
      let found = 0;
      for (const row of table.tBodies) {
        const fits = matches(row);
        row.hidden = !fits || found >= limit;
        found += fits;
      }
      const shown = Math.min(found, limit);
      count.textContent = shown === rows.length ? `${rows.length} ${what}` : `${shown} of ${found === rows.length ? found : `${found} that match, ${rows.length} in all`}`;
      foot.hidden = found <= limit;
      more.textContent = `Show ${Math.min(size * 4, found - limit)} more`;
    };
    more.addEventListener("click", () => { limit += size * 4; show(); });
    table.addEventListener("show-row", (event) => { if (event.detail.hidden) { limit = Infinity; words = []; outcome = ""; show(); } });

    [...table.tHead.rows[0].cells].forEach((title, column) => {
      const button = make("button", { type: "button" }, ...title.childNodes);
      title.append(button);
      button.addEventListener("click", () => {
        const isUp = title.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        title.setAttribute("aria-sort", isUp ? "descending" : "ascending");
        const key = (row) => {
          const cell = row.rows[0].cells[column];
          const text = cell.dataset.v ?? cell.textContent.trim();
          if (!title.classList.contains("n")) return text;
          return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
        };
        const keyed = rows.map((row) => [key(row), row]);
        // What is not known comes last either way.
        keyed.sort(([a, x], [b, y]) => {
          if (a === null || b === null) return (a === null) - (b === null) || place.get(x) - place.get(y);
          const by = typeof a === "number" ? a - b : order.compare(a, b);
          return (isUp ? -by : by) || place.get(x) - place.get(y);
        });
        table.append(...keyed.map(([, row]) => row));
        show();
      });
    });

    if (rows.length > 5) {
      const find = make("input", { type: "search", placeholder: "words", autocomplete: "off" });
      find.addEventListener("input", () => { words = find.value.toLowerCase().split(/\s+/).filter(Boolean); limit = size; show(); });
      const tools = make("div", { className: "tools" }, make("label", {}, `Find ${what}`, find));
      const outcomes = [...new Set(rows.map(outcomeOf))].filter(Boolean).sort(order.compare);
      if (outcomes.length > 1) {
        const select = make("select", {}, make("option", { value: "" }, "all"), ...outcomes.map((one) => make("option", { value: one }, one)));
        select.addEventListener("change", () => { outcome = select.value; limit = size; show(); });
        tools.append(make("label", {}, "Outcome", select));
      }
      tools.append(count);
      table.parentElement.before(tools);
      table.parentElement.append(foot);
    }
    show();
  };
  document.querySelectorAll("table.sortable").forEach(enhance);

  // The figures of a plot as a table, made when it is opened: start and step, then columns of figures. An empty figure
  // is like the one above it.
  const cell = (tag, text, scope) => {
    const node = make(tag, { className: "n", textContent: text });
    if (scope) node.setAttribute("scope", scope);
    return node;
  };
  const tableOf = (holder, title) => {
    const [times, ...columns] = holder.dataset.points.split(";").map((part) => part.split(","));
    const [start, step] = times.map(Number);
    const names = columns.map((column) => column.shift());
    columns.forEach((column) => {
      const places = Math.max(...column.map((one) => (one.split(".")[1] ?? "").length));
      column.forEach((one, at) => { column[at] = one === "" ? column[at - 1] : one === "-" ? "–" : Number(one).toFixed(places); });
    });
    const rows = columns[0].map((_, at) => make("tr", {}, cell("th", (start + at * step).toFixed(1), "row"),
      ...columns.map((column) => cell("td", column[at]))));
    const head = make("tr", {}, ...["At s", ...names].map((one) => cell("th", one, "col")));
    return make("table", {}, make("caption", { textContent: title }), make("thead", {}, head), make("tbody", {}, ...rows));
  };
  const offer = (figure) => {
    const holders = figure.dataset.points ? [figure] : [...figure.querySelectorAll("[data-points]")];
    if (!holders.length) return;
    const tables = make("div", { className: "scroll", tabIndex: 0 });
    const points = make("details", { className: "points" }, make("summary", {}, holders.length > 1 ? "As tables" : "As a table"), tables);
    points.addEventListener("toggle", () => {
      if (!points.open || tables.firstChild) return;
      const titleOf = (one) => one === figure ? figure.querySelector("figcaption").textContent.split(";")[0]
        : `Beacons of ${[...one.querySelectorAll(".lab > *")].map((part) => part.textContent).filter(Boolean).join(", ")}`;
      tables.append(...holders.map((one) => tableOf(one, titleOf(one))));
    });
    figure.append(points);
  };
  // Thousands of plots wait until their call is opened.
  const plots = (inside) => inside.querySelectorAll("figure.chart[data-points]:not([data-offered])").forEach((figure) => {
    figure.dataset.offered = "";
    offer(figure);
  });
  document.querySelectorAll("figure.strips").forEach(offer);
  document.addEventListener("toggle", (event) => { if (event.target.open) plots(event.target); }, true);
  document.querySelectorAll("details[open]").forEach(plots);

  // Sound: a line goes along the picture while it plays, and a click on the picture plays from there.
  for (const audio of document.querySelectorAll(".sound audio")) {
    const scroll = audio.previousElementSibling, picture = scroll.firstElementChild, now = picture.querySelector(".now");
    const from = Number(audio.dataset.from), all = Number(scroll.dataset.s), wide = picture.viewBox.baseVal.width;
    audio.addEventListener("timeupdate", () => {
      now.removeAttribute("hidden");
      now.setAttribute("transform", `translate(${(from + audio.currentTime) / all * wide})`);
    });
    picture.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      audio.currentTime = Math.min(Math.max((event.clientX - box.left) / box.width * all - from, 0), audio.duration || 0);
      audio.play();
    });
  }

  // On paper nothing can be opened: few calls are printed in full, many with their story only.
  addEventListener("beforeprint", () => {
    const all = [...document.querySelectorAll("details:not(.points)")];
    if (all.length <= 25) all.forEach((one) => { one.open = true; });
    document.querySelectorAll("tbody[hidden]").forEach((rows) => { rows.hidden = false; });
    // Titles with buttons in them would not be repeated on every sheet.
    document.querySelectorAll("thead button").forEach((button) => {
      const title = button.parentElement;
      title.replaceChildren(...button.childNodes);
      addEventListener("afterprint", () => { button.append(...title.childNodes); title.append(button); }, { once: true });
    });
  });

  reveal(location.hash.slice(1));
})();
