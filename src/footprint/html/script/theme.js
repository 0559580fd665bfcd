// Light, dark, or as the system says, which is how the page begins. Nothing is stored.

function theme() {
  const options = [
    { value: "", label: "System" },
    { value: "light", label: "Light" },
    { value: "dark", label: "Dark" },
  ];
  const made = choice("Colours", options, "", (value) => {
    if (value) document.documentElement.dataset.theme = value;
    else delete document.documentElement.dataset.theme;
  });
  made.id = "theme";
  document.getElementById("theme").replaceWith(made);
}
