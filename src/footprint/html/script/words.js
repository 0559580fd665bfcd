// What is said in words, and matrices of image by image.

// The reasons of each pair of images, largest first as they came.
function reasons() {
  const pairs = new Map();
  for (const reason of report.reasons) {
    const pair = reason.from == null ? images[reason.image].name : `${images[reason.from].name} → ${images[reason.image].name}`;
    pairs.set(pair, [...(pairs.get(pair) ?? []), reason]);
  }
  const lists = [...pairs].map(([pair, list]) => element("div", {}, element("h3", {}, pair),
    element("ol", {}, list.map(({ text, bytes: change }) => element("li", {}, text,
      change != null && element("span", { class: change > 0 ? "more" : "less" }, ` ${signed(change, bytes)}`))))));
  return lists.length > 0 && element("div", { class: "reasons" }, lists);
}

// A row is shaded by how much of its image each value is.
function matrices() {
  return report.matrices.map(({ title, note, rows }) => {
    const head = element("tr", {}, element("td"), images.map((image) => element("th", { scope: "col", class: "number" }, image.name)));
    const body = rows.map((row, i) => element("tr", {}, element("th", { scope: "row" }, images[i].name),
      row.map((value, j) => {
        const share = value != null && row[i] > 0 ? value / row[i] : 0;
        const cell = element("td", { class: "number heat" }, written(value, "bytes"), i !== j && element("small", {}, percent(share, 1)));
        cell.style.setProperty("--share", `${Math.round(100 * share)}%`);
        return cell;
      })));
    return element("div", { class: "matrix" }, element("h3", {}, title), note && element("p", { class: "muted" }, note),
      element("div", { class: "scroll" }, element("table", {}, element("caption", { class: "hidden" }, title),
        element("thead", {}, head), element("tbody", {}, body))));
  });
}
