// Packages side by side, under the names that they share: the table, and the chart of differences.

function packages() {
  if (report.packages.length === 0) return null;
  const compressed = report.packages.some((row) => row.i.some((held) => held?.z != null));
  const retained = report.packages.some((row) => row.i.some((held) => held?.t != null));
  const one = images.length === 1;
  const columns = [{ label: "Package", kind: "text" }];
  for (const image of images) {
    const of = one ? "" : `${image.name}: `;
    columns.push({ label: `${of}${one ? "Size" : "size"}`, kind: "bytes" });
    if (retained) columns.push({ label: `${of}${one ? "Leaves with it" : "leaves with it"}`, kind: "bytes" });
    if (one && compressed) columns.push({ label: "Compressed", kind: "bytes" });
    if (one) columns.push({ label: "Files", kind: "count" }, { label: "Source", kind: "text" }, { label: "Licences", kind: "text" });
  }
  const rows = report.packages.map((row) => [
    row.n,
    ...row.i.flatMap((held) => [
      held && { value: held.r, small: held.v },
      ...(retained ? [held?.t ?? null] : []),
      ...(one && compressed ? [held?.z ?? null] : []),
      ...(one ? [held?.f ?? null, held?.s ?? null, held?.l ?? null] : []),
    ]),
  ]);
  const note = retained ? "What leaves with a package is its own size and that of all that only it needs." : null;
  const last = 1 + (columns.length - 1) * (images.length - 1) / images.length;
  return table({ id: "packages", title: "Packages", note, columns, rows, sort: { column: last, down: true } });
}

// Diverging bars: what each package adds or saves from one image to another.
function differences() {
  // An image that does not tell of its packages has not lost them.
  const known = images.map((_, i) => i).filter((i) => report.packages.some((row) => row.i[i]));
  if (known.length < 2) return null;
  const state = { from: known[0], to: known.at(-1), field: "r", all: false };
  const body = element("tbody");
  const sum = element("p", { role: "status" });
  const more = element("button", { type: "button", onclick: () => { state.all = !state.all; draw(); } });
  const fields = measures.filter(({ field }) => field === "r" || report.packages.some((row) => row.i.some((held) => held?.[field] != null)));

  function draw() {
    const { from, to, field } = state;
    const rows = report.packages
      .map((row) => ({ row, before: row.i[from]?.[field] ?? null, after: row.i[to]?.[field] ?? null }))
      .map((it) => ({ ...it, change: (it.after ?? 0) - (it.before ?? 0) }))
      .filter((it) => it.change !== 0)
      .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || (a.row.n < b.row.n ? -1 : 1));
    // Where zero is: in the middle only if as much goes as comes.
    const most = Math.max(0, ...rows.map(({ change }) => change));
    const least = Math.min(0, ...rows.map(({ change }) => change));
    const scale = { span: Math.max(1, most - least), zero: -least };
    const shown = state.all ? rows : rows.slice(0, 25);
    body.replaceChildren(...shown.map((it) => bar(it, scale, state)));
    const added = rows.reduce((total, { change }) => total + Math.max(0, change), 0);
    const saved = rows.reduce((total, { change }) => total + Math.min(0, change), 0);
    sum.textContent = `${images[from].name} → ${images[to].name}: ${count(rows.length)} packages differ, ` +
      (added && saved ? `${signed(added, bytes)} and ${signed(saved, bytes)}, together ` : "") + `${signed(added + saved, bytes)}.`;
    more.hidden = rows.length <= 25;
    more.textContent = state.all ? "Show the largest 25" : `Show all ${count(rows.length)}`;
  }

  function picker(label, key) {
    const select = element("select", { "aria-label": label, onchange: (event) => { state[key] = Number(event.target.value); draw(); } },
      known.map((i) => element("option", { value: i }, images[i].name)));
    select.value = String(state[key]);
    return element("label", {}, `${label} `, select);
  }

  draw();
  const head = element("tr", {}, ["Package", "Difference", "Change"].map((label, i) =>
    element("th", { scope: "col", class: i === 2 ? "number" : null }, label)));
  return element("div", { id: "differences" }, element("h3", {}, "Packages that differ"),
    element("div", { class: "bar-of-table" }, picker("From", "from"), picker("to", "to"),
      fields.length > 1 && choice("Differences in", fields.map(({ field, label }) => ({ value: field, label })), "r",
        (field) => { state.field = field; draw(); })),
    sum,
    element("div", { class: "scroll" }, element("table", { class: "difference" },
      element("caption", { class: "hidden" }, "Difference in size by package"), element("thead", {}, head), body), more));
}

function bar({ row, before, after, change }, { span, zero }, { from, to }) {
  const kind = change > 0 ? "more" : "less";
  const line = element("i", { class: kind });
  line.style.left = `${(100 * (zero + Math.min(0, change))) / span}%`;
  line.style.width = `${(100 * Math.abs(change)) / span}%`;
  const axis = element("div", { class: "axis", "aria-hidden": "true" }, line);
  axis.style.setProperty("--zero", `${(100 * zero) / span}%`);
  const word = before == null ? "new" : after == null ? "gone" : `${bytes(before)} → ${bytes(after)}`;
  const versions = [row.i[from]?.v, row.i[to]?.v].filter((it, i, all) => it && all.indexOf(it) === i).join(" → ");
  return element("tr", {},
    element("th", { scope: "row", title: versions || null }, row.n, element("small", {}, word)),
    element("td", { class: "side" }, axis),
    element("td", { class: `number ${kind}` }, signed(change, bytes)));
}
