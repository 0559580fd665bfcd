// Fills the sections of the page, in their order; one that stays empty goes.

document.getElementById("title").textContent = report.title;
document.getElementById("made").textContent = report.made_by;
theme();

const contents = {
  size: () => [facts("size"), tables("size"), stacks()],
  growth: () => [reasons(), maps(), differences(), tables("growth")],
  advice: () => [facts("advice"), tables("advice")],
  counts: () => [facts("counts"), packages(), tables("counts")],
  privilege: () => [facts("privilege"), tables("privilege")],
  origin: () => [facts("origin"), tables("origin")],
  sharing: () => [facts("sharing"), matrices(), tables("sharing")],
};

for (const [id, make] of Object.entries(contents)) {
  const section = document.getElementById(id);
  const made = make().flat().filter((part) => part);
  if (made.length === 0) {
    section.remove();
    continue;
  }
  section.append(...made);
  const heading = section.querySelector("h2").textContent;
  section.setAttribute("aria-label", heading);
  document.getElementById("contents").append(element("a", { href: `#${id}` }, heading));
}
// When everything has been laid out once, which tests wait for.
requestAnimationFrame(() => requestAnimationFrame(() => { document.documentElement.dataset.ready = "yes"; }));
