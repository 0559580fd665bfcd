// One treemap: the children of one node of one image as cells, and their own children small within.
//
// Cells are buttons of which one is in the tab order; arrow keys go from cell to cell.

const HEAD = 16;
// Before it is on the page, a map has no width of its own.
const WIDTH = 640;

class Treemap {
  // `on` has the handlers `open(node)`, `back()` and `look(node)`.
  constructor(image, on) {
    this.image = image;
    this.on = on;
    this.cells = [];
    this.svg = drawn("svg", { role: "group", onkeydown: (event) => this.key(event) });
    this.caption = element("figcaption");
    this.figure = element("figure", {}, this.caption, this.svg);
  }

  // Draws the children of `node`, which is null where this image has no such node.
  draw({ node, path, field, scale, whole }) {
    this.node = node;
    this.field = field;
    const width = this.figure.clientWidth || WIDTH;
    const height = Math.max(24, Math.round(Math.min(460, Math.max(260, width * 0.8)) * scale));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const where = path.length ? path.join(" › ") : "all";
    const size = node ? node[field] : 0;
    this.svg.setAttribute("aria-label", node
      ? `Treemap of ${images[this.image].name}, ${where}: ${bytes(size)}. Arrow keys move, Enter opens, Escape goes back.`
      : `${images[this.image].name} has nothing here.`);
    this.caption.replaceChildren(`${[images[this.image].name, ...path].join(" › ")} `, element("span", { class: "muted" },
      node ? `${bytes(size)}${path.length ? `, ${percent(size, whole)} of the image` : ""}` : "nothing here"));
    const shown = node ? shownIn(node, field) : [];
    const places = squarify(shown.map((child) => child[field]), { x: 0, y: 0, w: width, h: height });
    this.cells = shown.map((child, i) => ({ child, place: places[i], mark: this.cell(child, places[i], size) }));
    this.svg.replaceChildren(...this.cells.map(({ mark }) => mark));
    if (this.cells.length) this.cells[0].mark.setAttribute("tabindex", "0");
  }

  cell(child, place, whole) {
    const opens = Boolean(child.k?.length);
    const label = `${nameOf(child)}, ${bytes(child[this.field])}, ${percent(child[this.field], whole)}`;
    const frame = { x: place.x, y: place.y, width: place.w, height: place.h };
    const mark = drawn("g", {
      class: opens ? "cell" : "cell leaf", role: "button", tabindex: -1,
      "aria-label": opens ? label : `${label}, nothing inside`, "data-key": keyOf(child),
      onclick: () => { this.enter(mark); if (opens) this.on.open(child); },
      onfocus: () => this.on.look(child),
      onpointerenter: () => this.on.look(child),
    }, drawn("title", {}, label), paint(drawn("rect", frame), child.c), this.inner(child, place),
      labelled(nameOf(child), place, bytes(child[this.field])),
      drawn("rect", { class: "edge", x: place.x + 1.5, y: place.y + 1.5, width: Math.max(0, place.w - 3), height: Math.max(0, place.h - 3) }));
    return mark;
  }

  // What is inside a cell, for the eye alone: it is read and reached when the cell is opened.
  inner(child, place) {
    if (!child.k?.length || place.w < 48 || place.h < 40) return null;
    const box = { x: place.x + 3, y: place.y + HEAD + 2, w: place.w - 6, h: place.h - HEAD - 5 };
    const shown = shownIn(child, this.field);
    const places = squarify(shown.map((it) => it[this.field]), box);
    const marks = shown.flatMap((it, i) => {
      const at = places[i];
      if (at.w < 2 || at.h < 2) return [];
      return [paint(drawn("rect", { x: at.x, y: at.y, width: at.w, height: at.h }), it.c), labelled(nameOf(it), at)];
    });
    return drawn("g", { class: "inner", "aria-hidden": "true" }, marks);
  }

  key(event) {
    const at = this.cells.findIndex(({ mark }) => mark === document.activeElement);
    const actions = {
      ArrowLeft: () => this.go(at, -1, 0), ArrowRight: () => this.go(at, 1, 0),
      ArrowUp: () => this.go(at, 0, -1), ArrowDown: () => this.go(at, 0, 1),
      Home: () => this.focus(0), End: () => this.focus(this.cells.length - 1),
      Enter: () => this.open(at), " ": () => this.open(at),
      Escape: () => this.on.back(this), Backspace: () => this.on.back(this),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  open(at) {
    if (at >= 0 && this.cells[at].child.k?.length) this.on.open(this.cells[at].child, this);
  }

  // Focuses the cell that is nearest in a direction; one that overlaps sideways is nearer than one that does not.
  go(at, dx, dy) {
    if (at < 0) return this.focus(0);
    const from = middle(this.cells[at].place);
    let best = -1;
    let least = Infinity;
    this.cells.forEach(({ place }, i) => {
      const to = middle(place);
      const along = (to.x - from.x) * dx + (to.y - from.y) * dy;
      const aside = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
      if (i === at || along <= 0.01 || aside > along * 4) return;
      const far = along + 2 * aside;
      if (far < least) [best, least] = [i, far];
    });
    if (best >= 0) this.focus(best);
  }

  focus(i) {
    const cell = this.cells[i];
    if (!cell) return this.svg.closest("figure").focus();
    this.enter(cell.mark);
    cell.mark.focus();
  }

  // Makes one cell the one that Tab comes to.
  enter(mark) {
    for (const cell of this.cells) cell.mark.setAttribute("tabindex", cell.mark === mark ? "0" : "-1");
  }

  focusKey(key) {
    this.focus(Math.max(0, this.cells.findIndex(({ child }) => keyOf(child) === key)));
  }

  // Outlines the cell of that key, as all maps do at once.
  same(key) {
    for (const { child, mark } of this.cells) mark.classList.toggle("same", keyOf(child) === key);
  }

  // Dims what does not match; returns how many cells do.
  match(words) {
    let found = 0;
    for (const { child, mark } of this.cells) {
      const hit = holds(child, words);
      mark.classList.toggle("dim", !hit);
      found += hit ? 1 : 0;
    }
    return found;
  }
}

// The children of a node, or itself if it has none, so that a leaf that is open in another image shows its size here.
function shownIn(node, field) {
  const shown = node.k?.length ? node.k : [node];
  return shown.filter((child) => child[field] > 0).sort((a, b) => b[field] - a[field]);
}

function holds(node, words) {
  const name = nameOf(node).toLowerCase();
  return words.every((word) => name.includes(word)) || (node.k ?? []).some((child) => holds(child, words));
}

function middle({ x, y, w, h }) {
  return { x: x + w / 2, y: y + h / 2 };
}

// A label as long as it fits; with a second line where there is room.
function labelled(name, { x, y, w, h }, second) {
  const room = Math.floor((w - 8) / 6.8);
  if (room < 3 || h < 14) return null;
  const cut = (text) => (text.length > room ? `${text.slice(0, room - 1)}…` : text);
  const wide = second && name.length + second.length + 2 <= room;
  return drawn("text", { x: x + 4, y: y + 12, "aria-hidden": "true" }, cut(wide ? `${name}  ${second}` : name));
}
