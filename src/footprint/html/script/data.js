// The report as `boot` wrote it, and what several parts of the page ask of it. See `report.rs` for its shape.
//
// Names and paths come from inside images, so nobody trusted chose them: they only ever become text nodes and attributes
// that are no code. There is no `innerHTML` on this page, and its policy would let nothing run or load.

const report = JSON.parse(document.getElementById("data").textContent);
const images = report.images;

// What sizes can be measured in: fields of a node or a package, and what people read.
const MEASURES = [
  { field: "r", label: "raw" },
  { field: "z", label: "compressed" },
];

// A measure can be chosen only where every image has it.
const measures = MEASURES.filter(({ field }) => field === "r" || images.every((image) => image.z != null));

// What was merged into one node has no name of its own, but is the same part of every image.
const OTHER = "\u0000";
const keyOf = (node) => (node.o == null ? node.n : OTHER);
const nameOf = (node) => (node.o == null ? node.n : `other (${node.o.toLocaleString("en")} files)`);
