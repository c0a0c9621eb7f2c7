// On paper: all tabs below each other, nothing in a scrolling box, and what the filters were.

// What a filter lets through, in words.
function filterInWords(filter, value) {
  if (!isSet(value)) return "all";
  if (filter.type === "relative_date") return relativeLabel(value, page.today);
  if (filter.type === "date_range") return String(value).split("~").join(" to ");
  if (filter.type === "number_range") return value.map((end) => end ?? "any").join(" to ");
  if (Array.isArray(value)) return value.map((one) => nameOf(one, filter)).join(", ");
  const sign = { "<=": "at most ", ">=": "at least ", contains: "contains " }[filter.operator] ?? "";
  return sign + nameOf(String(value), filter);
}

const printed = document.getElementById("printed");
let themeBefore;

function unfold() {
  const root = document.documentElement;
  themeBefore = root.dataset.theme;
  root.dataset.theme = "light";
  root.classList.add("printing");
  printed.replaceChildren(...page.filters.map((filter) =>
    element("div", {}, element("dt", {}, filter.label), element("dd", {}, filterInWords(filter, values[filter.name])))));
  for (const panel of panels) panel.hidden = false;
  for (const tile of tiles) draw(tile);
  // A table that is wider than the paper becomes smaller.
  for (const scroll of document.querySelectorAll(".scroll")) {
    const table = scroll.querySelector("table");
    table.style.zoom = Math.min(1, scroll.clientWidth / table.scrollWidth);
  }
}

function foldAgain() {
  const root = document.documentElement;
  root.classList.remove("printing");
  if (themeBefore === undefined) delete root.dataset.theme;
  else root.dataset.theme = themeBefore;
  show(open);
}

addEventListener("beforeprint", unfold);
addEventListener("afterprint", foldAgain);
