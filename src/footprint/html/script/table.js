// Tables that can be searched and sorted.

const FIRST_ROWS = 20;
// Shorter tables are found their way in by eye.
const FILTERED_ROWS = 8;

// `columns` are `{ label, kind }`, the first of them names the row. A row is a list of values: null, a number, text, or
// `{ value, small }` for a value with a smaller line below.
function table({ title, note, columns, rows, sort, id }) {
  const state = { words: [], column: sort?.column ?? null, down: sort?.down ?? false, all: false };
  const body = element("tbody");
  const heads = columns.map((column, i) => element("th", { scope: "col", class: isNumber(column) ? "number" : null },
    element("button", { type: "button", onclick: () => order(i) }, column.label)));
  const tally = element("span", { class: "muted", role: "status" });
  const more = element("button", { type: "button", onclick: () => { state.all = !state.all; draw(); } });
  const search = element("input", { type: "search", placeholder: "Filter", "aria-label": `Filter ${title.toLowerCase()}`,
    oninput: (event) => { state.words = wordsOf(event.target.value); draw(); } });
  // What is searched is every text of a row, put together once.
  const indexed = rows.map((row) => ({ row, text: row.map(searched).join(" ").toLowerCase() }));

  function draw() {
    const hits = indexed.filter(({ text }) => state.words.every((word) => text.includes(word)));
    if (state.column != null) hits.sort((a, b) => compare(a.row[state.column], b.row[state.column], state.down));
    const shown = state.all ? hits : hits.slice(0, FIRST_ROWS);
    body.replaceChildren(...shown.map(({ row }) => rowOf(row, columns)));
    tally.textContent = hits.length === rows.length ? `${count(rows.length)} in all` : `${count(hits.length)} of ${count(rows.length)}`;
    more.hidden = hits.length <= FIRST_ROWS;
    more.textContent = state.all ? `Show the first ${FIRST_ROWS}` : `Show all ${count(hits.length)}`;
    heads.forEach((head, i) => {
      if (i === state.column) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  // Numbers begin with the largest; the same column again turns the order around.
  function order(i) {
    state.down = state.column === i ? !state.down : isNumber(columns[i]);
    state.column = i;
    draw();
  }

  draw();
  return element("div", { id }, element("h3", {}, title), note && element("p", { class: "muted" }, note),
    rows.length > FILTERED_ROWS && element("div", { class: "bar-of-table" }, search, tally),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
      element("table", {}, element("caption", { class: "hidden" }, title), element("thead", {}, element("tr", {}, heads)), body), more));
}

function rowOf(row, columns) {
  return element("tr", {}, row.map((cell, i) => {
    const { value, small } = cell != null && typeof cell === "object" ? cell : { value: cell, small: null };
    const kind = columns[i].kind;
    const text = written(value, kind);
    const shown = kind === "code" && value != null ? element("code", {}, text) : text;
    const classes = isNumber(columns[i]) ? "number" : kind === "path" ? "path" : null;
    return element(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: classes }, shown, small && element("small", {}, small));
  }));
}

const isNumber = (column) => column.kind === "bytes" || column.kind === "count";
const valueOf = (cell) => (cell != null && typeof cell === "object" ? cell.value : cell);
const searched = (cell) => (cell == null ? "" : typeof cell === "object" ? `${cell.value ?? ""} ${cell.small ?? ""}` : String(cell));

// What has no value comes last, whichever way.
function compare(a, b, down) {
  const [left, right] = [valueOf(a), valueOf(b)];
  if (left == null || right == null) return (left == null) - (right == null);
  const less = typeof left === "number" && typeof right === "number" ? left - right : String(left).localeCompare(String(right), "en");
  return down ? -less : less;
}

// The tables of one section, as they came.
function tables(section) {
  return report.tables.filter((it) => it.section === section && it.rows.length > 0).map(table);
}
