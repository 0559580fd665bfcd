// How quantities are written, as on the command line: `512 B`, `12.3 MiB`, `12,345`.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

function bytes(value) {
  if (value == null) return "–";
  let unit = 0;
  let shown = Math.abs(value);
  // In tenths, so that 1023.96 KiB is written as 1.0 MiB.
  while (unit < UNITS.length - 1 && (unit === 0 ? shown >= 1024 : Math.round(shown * 10) >= 10240)) {
    shown /= 1024;
    unit += 1;
  }
  return (value < 0 ? "−" : "") + (unit === 0 ? String(shown) : shown.toFixed(1)) + "\u00a0" + UNITS[unit];
}

function count(value) {
  return value == null ? "–" : value.toLocaleString("en");
}

// With its sign: `+3.1 MiB`, `−12`, `±0`.
function signed(value, write) {
  if (value === 0) return "±0";
  return (value > 0 ? "+" : "−") + write(Math.abs(value));
}

function percent(part, whole) {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)}\u00a0%` : "–";
}

// By the kind of a column or fact; what is no number is text already.
function written(value, kind) {
  if (value == null) return "–";
  if (typeof value !== "number") return String(value);
  return kind === "bytes" ? bytes(value) : count(value);
}
