// Makes elements: `element("td", { class: "number" }, "12.3 MiB")`. Strings become text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

// A key that begins with `on` is a listener; null and false leave an attribute or child out.
function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

// Radio buttons that look like a switch. `options` are `{ value, label }`; calls `chosen` with a value.
function choice(legend, options, initial, chosen) {
  const name = `choice-${legend.replace(/\W+/g, "-").toLowerCase()}`;
  const labels = options.map(({ value, label }) => {
    const input = element("input", { type: "radio", name, value, onchange: () => chosen(value) });
    input.checked = value === initial;
    return element("label", {}, input, element("span", {}, label));
  });
  return element("fieldset", { class: "switch" }, element("legend", { class: "hidden" }, legend), labels);
}

// Colours an element by its class: `null` is what has none. Through the object model, which the policy allows.
function paint(made, group) {
  const known = group != null;
  made.classList.add(known ? "hue" : "hueless");
  if (known) {
    // Neighbours in the list of classes get hues far apart; later rounds differ in lightness.
    made.style.setProperty("--hue", String(Math.round(250 + group * 137.508) % 360));
    made.style.setProperty("--day", group % 2 ? "0.78" : "0.86");
    made.style.setProperty("--night", group % 2 ? "0.46" : "0.38");
  }
  return made;
}

function legend(groups) {
  const items = groups.map((group) =>
    element("li", {}, paint(element("i"), group), group == null ? "mixed" : report.classes[group]),
  );
  return element("ul", { class: "legend", "aria-label": "Colours of classes" }, items);
}
