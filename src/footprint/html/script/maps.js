// The treemaps of all images: one choice of what is shown, one path, so that they zoom as one.

function maps() {
  const kinds = report.maps.filter((map) => map.roots.some((root) => root.r > 0));
  if (kinds.length === 0) return null;
  const state = { map: kinds[0], field: "r", path: [], scaled: false, words: [] };
  const told = element("p", { class: "told muted", "aria-live": "polite", id: "told" });
  const crumbs = element("nav", { class: "crumbs controls", "aria-label": "Where the maps are" });
  const found = element("span", { class: "muted", "aria-live": "polite" });

  const drawings = images.map((_, image) => new Treemap(image, {
    open: (child, by) => zoom([...state.path, keyOf(child)], by),
    back: (by) => { if (state.path.length) zoom(state.path.slice(0, -1), by, state.path.at(-1)); },
    look: (child) => look(child),
  }));

  // `by` is the map whose keyboard did it, which keeps the focus; `key` the cell to come back to.
  function zoom(path, by, key) {
    state.path = path;
    draw();
    if (by) by.focusKey(key);
  }

  function draw() {
    const { map, field, path, scaled, words } = state;
    const nodes = map.roots.map((root) => follow(root, path));
    const largest = Math.max(...nodes.map((node) => node?.[field] ?? 0));
    const names = path.map(named);
    drawings.forEach((drawing, i) => {
      const node = nodes[i]?.[field] > 0 ? nodes[i] : null;
      const scale = scaled && node ? node[field] / largest : 1;
      drawing.draw({ node, path: names, field, scale, whole: map.roots[i][field] });
    });
    drawCrumbs(names);
    told.replaceChildren("Point at a cell, or move with the arrow keys, to see what it is in every image.");
    seek(words);
  }

  function drawCrumbs(names) {
    const steps = [`all, ${byWords(state.map.by)}`, ...names].map((name, depth) => {
      const last = depth === names.length;
      const button = element("button", { type: "button", "aria-current": last ? "location" : null,
        onclick: () => zoom(state.path.slice(0, depth)) }, name);
      button.disabled = last;
      return element("li", {}, button);
    });
    crumbs.replaceChildren(element("ol", {}, steps));
  }

  // Says what a cell is in every image.
  function look(child) {
    const key = keyOf(child);
    for (const drawing of drawings) drawing.same(key);
    const sizes = state.map.roots.map((root, i) => {
      const node = follow(root, [...state.path, key]);
      return `${images[i].name}: ${node ? `${bytes(node[state.field])}, ${percent(node[state.field], root[state.field])}` : "–"}`;
    });
    const group = child.c == null || report.classes[child.c] === child.n ? "" : ` (mostly ${report.classes[child.c]})`;
    told.replaceChildren(element("strong", {}, [...state.path.map(named), nameOf(child)].join(" › ")),
      `${group}  ${sizes.join("; ")}`);
  }

  function seek(words) {
    state.words = words;
    const hits = drawings.map((drawing) => drawing.match(words));
    found.replaceChildren(words.length ? hits.map((hit, i) => `${images[i].name}: ${count(hit)}`).join(", ") : "");
  }

  function change(changes) {
    Object.assign(state, changes);
    draw();
  }

  const by = kinds.map((map) => ({ value: map.by, label: byWords(map.by) }));
  const search = element("input", { type: "search", placeholder: "Find in the maps", "aria-label": "Find in the maps",
    oninput: (event) => seek(wordsOf(event.target.value)) });
  const scaled = element("input", { type: "checkbox", onchange: (event) => change({ scaled: event.target.checked }) });
  const controls = element("div", { class: "bar-of-table controls" },
    choice("Treemap by", by, state.map.by, (value) => change({ map: kinds.find((map) => map.by === value), path: [] })),
    measures.length > 1 && choice("Treemap sizes",
      measures.map(({ field, label }) => ({ value: field, label })), "r", (field) => change({ field })),
    images.length > 1 && element("label", {}, scaled, " to one scale"), search, found);

  const groups = new Set(kinds.flatMap((map) => map.roots.flatMap((root) => (root.k ?? []).map((node) => node.c ?? null))));
  const shown = [...groups].sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
  draw();
  // Labels have the size of other text, so a map that becomes wider is laid out anew.
  let width = 0;
  new ResizeObserver(() => {
    const now = drawings[0].figure.clientWidth;
    if (now !== width) draw();
    width = now;
  }).observe(drawings[0].figure);
  return element("div", { id: "maps" }, element("h3", {}, "Treemaps"), controls, crumbs,
    element("div", { class: "maps" }, drawings.map(({ figure }) => figure)), told, report.classes.length > 0 && legend(shown));
}

// The node at the end of a path of keys, or null.
function follow(root, path) {
  let node = root;
  for (const key of path) {
    // What is not divided here is shown as a part of itself: see `shownIn`.
    if (!node.k?.length && keyOf(node) === key) continue;
    node = (node.k ?? []).find((child) => keyOf(child) === key);
    if (!node) return null;
  }
  return node;
}

const named = (key) => (key === OTHER ? "other" : key);
const byWords = (by) => `by ${by}`;
const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
