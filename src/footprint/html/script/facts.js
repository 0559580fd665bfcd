// The numbers of each image side by side: best in bold, differences to the first column.

// A table of the facts of one section, or null if there are none.
function facts(section) {
  const rows = report.facts.filter((fact) => fact.section === section);
  if (rows.length === 0) return null;
  const head = element("tr", {}, element("th", { scope: "col" }, "Measure"),
    images.map((image) => element("th", { scope: "col", class: "number" }, image.name)));
  const table = element("table", {}, element("caption", { class: "hidden" }, "Measures by image"),
    element("thead", {}, head), element("tbody", {}, rows.map(factRow)));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Measures" }, table);
}

function factRow(fact) {
  const numbers = fact.values.filter((value) => typeof value === "number");
  const best = fact.better === "lower" ? Math.min(...numbers) : Math.max(...numbers);
  const marked = fact.better && numbers.length > 1 && numbers.some((value) => value !== best);
  const cells = fact.values.map((value, i) => {
    const isBest = marked && value === best;
    return element("td", { class: `${fact.kind === "text" ? "words" : "number"}${isBest ? " best" : ""}`, title: isBest ? "best" : null },
      written(value, fact.kind), i > 0 && against(fact, value));
  });
  const label = element("th", { scope: "row" }, fact.label, fact.note && element("small", {}, fact.note));
  return element("tr", {}, label, cells);
}

// The difference to the first image, where both are numbers.
function against(fact, value) {
  const first = fact.values[0];
  if (typeof first !== "number" || typeof value !== "number") return null;
  const difference = value - first;
  if (difference === 0) return null;
  const relative = first > 0 ? ` (${signed((100 * difference) / first, (it) => `${it.toFixed(1)}\u00a0%`)})` : "";
  return element("small", {}, signed(difference, (it) => written(it, fact.kind)) + relative);
}

// One bar of classes for each image, to one scale, largest class first.
function stacks() {
  const map = report.maps.find((it) => it.by === "class");
  if (!map || map.roots.every((root) => root.r === 0)) return null;
  const longest = Math.max(...map.roots.map((root) => root.r));
  const groups = new Set();
  const bars = map.roots.flatMap((root, i) => {
    const parts = [...(root.k ?? [])].sort((a, b) => b.r - a.r).map((node) => {
      groups.add(node.c ?? null);
      const part = paint(element("i", { title: `${nameOf(node)}: ${bytes(node.r)}, ${percent(node.r, root.r)}` }), node.c);
      part.style.width = `${(100 * node.r) / root.r}%`;
      return part;
    });
    const words = (root.k ?? []).slice(0, 6).map((node) => `${nameOf(node)} ${percent(node.r, root.r)}`).join(", ");
    const stack = element("div", { class: "stack", role: "img", "aria-label": `${images[i].name} by class: ${words}` }, parts);
    stack.style.width = `${(100 * root.r) / longest}%`;
    return [element("span", {}, images[i].name), stack, element("span", { class: "number" }, bytes(root.r))];
  });
  const shown = [...groups].sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
  return element("div", {}, element("h3", {}, "By class"), element("div", { class: "stacks" }, bars), legend(shown));
}
